// MODULE MODEL_FOLDER INPUT: a process of its own up to the first vector. MODULE is this library's entry, built or as source; INPUT is { text } or { ids }.
// The text goes through SentenceEncoder with the embedded w8 weights (tokenizer included), ids through loadModel.
const [module, folder, input] = process.argv.slice(2);
const { text, ids } = JSON.parse(input);
const { SentenceEncoder, loadModel } = await import(module);
if (text !== undefined) {
  const encoder = await SentenceEncoder.load();
  await encoder.encode(text);
} else {
  const model = await loadModel(folder, { threads: 1 });
  await model.forward([{ ids }]);
}
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1000, peakMB: (maxRSS * 1024) / 1e6 }));
process.exit(0);
