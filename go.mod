module unlearnguard

go 1.26.0

require (
	codeberg.org/sbinet/npyio v0.14.0
	github.com/CycloneDX/cyclonedx-go v0.12.0 // the bill of materials of --bom, in the standard's own types
	github.com/chewxy/hm v1.0.0 // the types that gorgonia's interface for operations is written in
	github.com/disintegration/imaging v1.6.2 // picture grids
	github.com/ebitengine/purego v0.11.3 // OpenBLAS without cgo, in programs built with -tags openblas alone
	github.com/google/go-cmp v0.7.0 // tests: where two models differ
	github.com/in-toto/attestation v1.2.0 // the statements of --attest, in the standard's own types
	github.com/nats-io/nats-server/v2 v2.15.2 // serve: the queue within the program
	github.com/nats-io/nats.go v1.55.0
	github.com/nats-io/nkeys v0.4.16 // the keys of users of a queue (--nkey-file)
	github.com/owulveryck/onnx-go v0.5.0
	github.com/rogpeppe/go-internal v1.16.0 // tests: sessions of the command (testscript)
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // tests: reports and manifests against their schemas
	github.com/secure-systems-lab/go-securesystemslib v0.11.1 // the signed envelopes of --attest (DSSE) and their keys
	github.com/spf13/cobra v1.10.1
	github.com/spf13/pflag v1.0.9 // cobra's flags, read for manifests and for how to repeat a command
	go.yaml.in/yaml/v3 v3.0.5 // manifests, with the lines of what is wrong in them
	golang.org/x/image v0.47.0 // letters in picture grids and drawn digits
	golang.org/x/sys v0.49.0 // which vector instructions the processor has
	golang.org/x/term v0.47.0 // whether messages go to a terminal
	gonum.org/v1/gonum v0.17.0
	gonum.org/v1/plot v0.17.0 // the figures of reports and experiments
	google.golang.org/protobuf v1.36.12
	gorgonia.org/gorgonia v0.9.18
	gorgonia.org/tensor v0.9.24
	pgregory.net/rapid v1.3.0 // tests: properties that hold for all inputs
)

require (
	codeberg.org/go-fonts/liberation v0.5.0 // indirect
	codeberg.org/go-latex/latex v0.2.0 // indirect
	codeberg.org/go-pdf/fpdf v0.11.1 // indirect
	git.sr.ht/~sbinet/gg v0.7.0 // indirect
	github.com/ajstarks/svgo v0.0.0-20211024235047-1546f124cd8b // indirect
	github.com/antithesishq/antithesis-sdk-go v0.8.0-default-no-op // indirect
	github.com/apache/arrow/go/arrow v0.0.0-20211112161151-bc219186db40 // indirect
	github.com/awalterschulze/gographviz v2.0.3+incompatible // indirect
	github.com/chewxy/math32 v1.10.1 // indirect
	github.com/gogo/protobuf v1.3.2 // indirect
	github.com/golang/freetype v0.0.0-20170609003504-e2365dfdc4a0 // indirect
	github.com/golang/protobuf v1.5.2 // indirect
	github.com/google/flatbuffers v2.0.6+incompatible // indirect
	github.com/google/go-tpm v0.9.8 // indirect
	github.com/google/uuid v1.3.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/leesper/go_rng v0.0.0-20190531154944-a612b043e353 // indirect
	github.com/minio/highwayhash v1.0.4 // indirect
	github.com/nats-io/jwt/v2 v2.8.2 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	github.com/nlpodyssey/gopickle v0.3.0 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/xtgo/set v1.0.0 // indirect
	go4.org/unsafe/assume-no-moving-gc v0.0.0-20231121144256-b99613f794b6 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	golang.org/x/xerrors v0.0.0-20200804184101-5ec99f83aff1 // indirect
	gorgonia.org/cu v0.9.4 // indirect
	gorgonia.org/dawson v1.2.0 // indirect
	gorgonia.org/vecf32 v0.9.0 // indirect
	gorgonia.org/vecf64 v0.9.0 // indirect
)
