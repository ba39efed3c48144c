// Counts the files of a folder as a browser does: node counted.mjs SCRIPTS FOLDER. What is told of FILE goes into
// FILE.told; with FILE.again beside it, which names rows, into FILE.told2. What is refused goes there as JSON.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"

const [scripts, folder] = process.argv.slice(2)
const { counted, countedAgain } = await import(`${scripts}/counting_worker.js`)
for (const name of readdirSync(folder)) {
  if (/\.(told2?|again)$/.test(name)) continue
  const path = `${folder}/${name}`, again = `${path}.again`
  try {
    const file = new File([readFileSync(path)], name)
    if (name.startsWith("gone")) { // as the browser says of a file that has changed or vanished since
      const { slice } = file
      file.slice = (from, to) => from < 1 << 10 ? slice.call(file, from, to) : { arrayBuffer: () => Promise.reject(new Error()) }
    }
    let told = await counted(file)
    if (existsSync(again)) told = await countedAgain(JSON.parse(readFileSync(again)))
    writeFileSync(existsSync(again) ? `${path}.told2` : `${path}.told`, new Uint8Array(await told.arrayBuffer()))
  } catch ({ code, facts, stack }) {
    writeFileSync(`${path}.told`, JSON.stringify({ code: code ?? null, facts, stack: code ? "" : stack }))
  }
}
