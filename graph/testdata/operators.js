// Runs every NAME.onnx of a folder on NAME.json and writes NAME.out.json; see operators.py.
const fs = require('fs');
const dir = process.argv[2];
const ort = require(require.resolve('onnxruntime-node', {paths: [dir]}));

(async () => {
  for (const file of fs.readdirSync(dir).filter(f => f.endsWith('.onnx'))) {
    const base = `${dir}/${file.slice(0, -5)}`;
    try {
      const x = JSON.parse(fs.readFileSync(`${base}.json`));
      const session = await ort.InferenceSession.create(`${base}.onnx`, {graphOptimizationLevel: 'disabled', logSeverityLevel: 4});
      const out = await session.run({[session.inputNames[0]]: new ort.Tensor('float32', Float32Array.from(x.data), x.shape)});
      const y = out[session.outputNames[0]];
      fs.writeFileSync(`${base}.out.json`, JSON.stringify({shape: y.dims, data: Array.from(y.data).map(Number)}));
    } catch (error) {
      console.log(file, String(error.message).slice(0, 160));
    }
  }
})();
