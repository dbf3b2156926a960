// HashiCorp's own parser and formatter, compiled to WebAssembly (npm ci in this folder):
//   node hcl.js parse FILE...    prints {"file": what is in it, …}, expressions as their text in ${}
//   node hcl.js check FILE...    names files that terraform fmt would change, or that are not HCL; status 1
const fs = require("fs");
const { parse } = require("@cdktf/hcl2json");
const { format } = require("@cdktf/hcl-tools");

async function check(path) {
  const text = fs.readFileSync(path, "utf8");
  try {
    await parse(path, text);
  } catch (error) {
    return `${path}: ${String(error.message || error).trim()}`;
  }
  return (await format(text)) === text ? null : `${path}: not as terraform fmt writes it`;
}

async function main([command, ...paths]) {
  const found = {};
  let status = 0;
  for (const path of paths) {
    if (command === "parse") {
      found[path] = await parse(path, fs.readFileSync(path, "utf8"));
      continue;
    }
    const complaint = await check(path);
    if (complaint) {
      console.error(complaint);
      status = 1;
    }
  }
  if (command === "parse") await new Promise((done) => process.stdout.write(JSON.stringify(found), done));
  process.exit(status); // the parser's timers would keep it alive
}

main(process.argv.slice(2));
