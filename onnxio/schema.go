package onnxio

import "google.golang.org/protobuf/encoding/protowire"

// The field numbers of onnx.proto (IR version 11) that this package reads, writes or refuses by name.
const (
	modelIRVersion       protowire.Number = 1
	modelProducerName    protowire.Number = 2
	modelProducerVersion protowire.Number = 3
	modelDomain          protowire.Number = 4
	modelModelVersion    protowire.Number = 5
	modelDocString       protowire.Number = 6
	modelGraph           protowire.Number = 7
	modelOpsetImport     protowire.Number = 8
	modelMetadataProps   protowire.Number = 14
	modelTrainingInfo    protowire.Number = 20
	modelFunctions       protowire.Number = 25

	opsetDomain  protowire.Number = 1
	opsetVersion protowire.Number = 2

	entryKey   protowire.Number = 1
	entryValue protowire.Number = 2

	graphNode              protowire.Number = 1
	graphName              protowire.Number = 2
	graphInitializer       protowire.Number = 5
	graphDocString         protowire.Number = 10
	graphInput             protowire.Number = 11
	graphOutput            protowire.Number = 12
	graphValueInfo         protowire.Number = 13
	graphQuantization      protowire.Number = 14
	graphSparseInitializer protowire.Number = 15
	graphMetadataProps     protowire.Number = 16

	annotationTensorName protowire.Number = 1
	annotationParameters protowire.Number = 2

	nodeInput         protowire.Number = 1
	nodeOutput        protowire.Number = 2
	nodeName          protowire.Number = 3
	nodeOpType        protowire.Number = 4
	nodeAttribute     protowire.Number = 5
	nodeDocString     protowire.Number = 6
	nodeDomain        protowire.Number = 7
	nodeOverload      protowire.Number = 8
	nodeMetadataProps protowire.Number = 9

	attributeName          protowire.Number = 1
	attributeF             protowire.Number = 2
	attributeI             protowire.Number = 3
	attributeS             protowire.Number = 4
	attributeT             protowire.Number = 5
	attributeG             protowire.Number = 6
	attributeFloats        protowire.Number = 7
	attributeInts          protowire.Number = 8
	attributeStrings       protowire.Number = 9
	attributeTensors       protowire.Number = 10
	attributeGraphs        protowire.Number = 11
	attributeDocString     protowire.Number = 13
	attributeTp            protowire.Number = 14
	attributeTypeProtos    protowire.Number = 15
	attributeType          protowire.Number = 20
	attributeRefAttrName   protowire.Number = 21
	attributeSparseTensor  protowire.Number = 22
	attributeSparseTensors protowire.Number = 23

	valueName          protowire.Number = 1
	valueType          protowire.Number = 2
	valueDocString     protowire.Number = 3
	valueMetadataProps protowire.Number = 4

	typeTensor     protowire.Number = 1
	typeDenotation protowire.Number = 6

	tensorTypeElem  protowire.Number = 1
	tensorTypeShape protowire.Number = 2

	shapeDim      protowire.Number = 1
	dimValue      protowire.Number = 1
	dimParam      protowire.Number = 2
	dimDenotation protowire.Number = 3

	tensorDims          protowire.Number = 1
	tensorDataType      protowire.Number = 2
	tensorSegment       protowire.Number = 3
	tensorFloatData     protowire.Number = 4
	tensorInt32Data     protowire.Number = 5
	tensorStringData    protowire.Number = 6
	tensorInt64Data     protowire.Number = 7
	tensorName          protowire.Number = 8
	tensorRawData       protowire.Number = 9
	tensorDoubleData    protowire.Number = 10
	tensorUint64Data    protowire.Number = 11
	tensorDocString     protowire.Number = 12
	tensorExternalData  protowire.Number = 13
	tensorDataLocation  protowire.Number = 14
	tensorMetadataProps protowire.Number = 16
)
