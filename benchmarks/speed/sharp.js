// A line of Base64 is kept; an empty line is answered when stats() of the kept picture is done.
const readline = require("node:readline");
const sharp = require("sharp");

if (process.argv.includes("--version")) {
  console.log(sharp.versions.sharp);
  process.exit();
}
// One thread, as for every contender; and not the answer of the round before.
sharp.concurrency(1);
sharp.cache(false);

let text = "";
readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  if (line) text = line;
  else await sharp(Buffer.from(text, "base64")).stats();
  console.log("done");
});
