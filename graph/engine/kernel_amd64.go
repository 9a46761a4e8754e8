package engine

import "golang.org/x/sys/cpu"

//go:generate go run ./internal/gen

// vectorKernels are the assembly kernels that this processor can run, fastest first.
func vectorKernels[T Float]() []*kernel[T] {
	var ks []*kernel[T]
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW {
		ks = append(ks, ofType[T](&avx512F32, &avx512F64))
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		ks = append(ks, ofType[T](&avx2F32, &avx2F64))
	}
	return ks
}

// ofType picks the kernel for T.
func ofType[T Float](f32 *kernel[float32], f64 *kernel[float64]) *kernel[T] {
	if k, ok := any(f32).(*kernel[T]); ok {
		return k
	}
	return any(f64).(*kernel[T])
}

var avx512F32 = kernel[float32]{
	name: "avx512", rows: 8, cols: 48, vector: 16,
	transpose: transposeAVX2F32, group: 8, step: 4, copyColumns: copyColumnsAVX2F32,
	gemm: gemmAVX512F32, exp: expAVX512F32, sigmoid: sigmoidAVX512F32,
	relu: reluAVX512F32, activate: activateAVX512F32, tangent: tangentAVX512F32, excess: excessAVX512F32,
	mul: mulAVX512F32, mulAdd: mulAddAVX512F32, axpy: axpyAVX512F32, dot: dotAVX512F32, sum: sumAVX512F32,
	reluGrad: reluGradAVX512F32, affine: affineAVX512F32, add: addAVX512F32,
	maxSquares: maxSquaresAVX512F32, maxSquaresGrad: maxSquaresGradAVX512F32,
	winograd: [transforms]func(int, int, *float32, int, int, int, *float32, int, int, int){
		winogradInputAVX512F32, winogradInputAdjointAVX512F32, winogradOutputAVX512F32, winogradOutputAdjointAVX512F32, winogradWeightAVX512F32, winogradWeightAdjointAVX512F32,
	},
}

var avx512F64 = kernel[float64]{
	name: "avx512", rows: 8, cols: 24, vector: 8,
	transpose: transposeAVX2F64, group: 4, step: 2, copyColumns: copyColumnsAVX2F64,
	gemm: gemmAVX512F64, exp: expAVX512F64, sigmoid: sigmoidAVX512F64,
	relu: reluAVX512F64, activate: activateAVX512F64, tangent: tangentAVX512F64, excess: excessAVX512F64,
	mul: mulAVX512F64, mulAdd: mulAddAVX512F64, axpy: axpyAVX512F64, dot: dotAVX512F64, sum: sumAVX512F64,
	reluGrad: reluGradAVX512F64, affine: affineAVX512F64, add: addAVX512F64,
	maxSquares: maxSquaresAVX512F64, maxSquaresGrad: maxSquaresGradAVX512F64,
	winograd: [transforms]func(int, int, *float64, int, int, int, *float64, int, int, int){
		winogradInputAVX512F64, winogradInputAdjointAVX512F64, winogradOutputAVX512F64, winogradOutputAdjointAVX512F64, winogradWeightAVX512F64, winogradWeightAdjointAVX512F64,
	},
}

var avx2F32 = kernel[float32]{
	name: "avx2", rows: 6, cols: 16, vector: 8,
	transpose: transposeAVX2F32, group: 8, step: 4, copyColumns: copyColumnsAVX2F32,
	gemm: gemmAVX2F32, exp: expAVX2F32, sigmoid: sigmoidAVX2F32,
	relu: reluAVX2F32, activate: activateAVX2F32, tangent: tangentAVX2F32, excess: excessAVX2F32,
	mul: mulAVX2F32, mulAdd: mulAddAVX2F32, axpy: axpyAVX2F32, dot: dotAVX2F32, sum: sumAVX2F32,
	reluGrad: reluGradAVX2F32, affine: affineAVX2F32, add: addAVX2F32,
	maxSquares: maxSquaresAVX2F32, maxSquaresGrad: maxSquaresGradAVX2F32,
	winograd: [transforms]func(int, int, *float32, int, int, int, *float32, int, int, int){
		winogradInputAVX2F32, winogradInputAdjointAVX2F32, winogradOutputAVX2F32, winogradOutputAdjointAVX2F32, winogradWeightAVX2F32, winogradWeightAdjointAVX2F32,
	},
}

var avx2F64 = kernel[float64]{
	name: "avx2", rows: 6, cols: 8, vector: 4,
	transpose: transposeAVX2F64, group: 4, step: 2, copyColumns: copyColumnsAVX2F64,
	gemm: gemmAVX2F64, exp: expAVX2F64, sigmoid: sigmoidAVX2F64,
	relu: reluAVX2F64, activate: activateAVX2F64, tangent: tangentAVX2F64, excess: excessAVX2F64,
	mul: mulAVX2F64, mulAdd: mulAddAVX2F64, axpy: axpyAVX2F64, dot: dotAVX2F64, sum: sumAVX2F64,
	reluGrad: reluGradAVX2F64, affine: affineAVX2F64, add: addAVX2F64,
	maxSquares: maxSquaresAVX2F64, maxSquaresGrad: maxSquaresGradAVX2F64,
	winograd: [transforms]func(int, int, *float64, int, int, int, *float64, int, int, int){
		winogradInputAVX2F64, winogradInputAdjointAVX2F64, winogradOutputAVX2F64, winogradOutputAdjointAVX2F64, winogradWeightAVX2F64, winogradWeightAdjointAVX2F64,
	},
}
