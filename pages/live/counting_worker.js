// Counts a file of weights where it lies, in a thread of its own: see weights_file.js and measure.js. It has no words with
// any server; the page that it works for sends what it tells, which is counts and sums and none of the numbers.

import { Bytes, Refused, Unread, opened, turned } from "./weights_file.js"
import { KINDS, Tally, Told, rowLength } from "./measure.js"

const PART = 1 << 20 // bytes that are counted at a time, or a row of more
const OFTEN = 100 // milliseconds between two words on how far it is

let file = null // what was opened last, for rows that are to be looked at once more

// All of a file as it is told. `say` hears how many bytes have been read, and of how many.
export async function counted(given, say = () => {}) {
  const bytes = new Bytes(given), found = await opened(bytes), told = new Told()
  const total = found.tensors.reduce((n, { count, dtype }) => n + count * KINDS[dtype].width, 0)
  let [done, then] = [0, 0]
  const cells = []
  for (const tensor of found.tensors) {
    const tally = new Tally(tensor.dtype, tensor.shape, told)
    for await (const part of partsOf(bytes, tensor)) {
      tally.add(part)
      done += part.length
      if (performance.now() - then > OFTEN) {
        then = performance.now()
        say(done, total)
      }
    }
    cells.push(tally.end())
  }
  file = { bytes, found, told, cells }
  return laidOut([])
}

// The same with some rows of its tensors counted by themselves as well.
export async function countedAgain(asked) {
  const { bytes, found: { tensors }, told } = file, again = []
  for (const { tensor, rows } of asked) {
    const { dtype, shape } = tensors[tensor]
    const tally = new Tally(dtype, [rows.length, shape[1]], told)
    for await (const part of rowsOf(bytes, tensors[tensor], rows)) tally.add(part)
    again.push({ tensor, rows, cells: tally.end() })
  }
  return laidOut(again)
}

// A tensor's bytes, some whole rows or blocks at a time.
async function* partsOf(bytes, tensor) {
  const { dtype, shape, offset, count, pairs } = tensor, { width } = KINDS[dtype]
  const unit = width * (rowLength(dtype, shape) || 1 << 13), size = count * width
  const step = Math.max(1, Math.floor(PART / unit)) * unit
  const all = pairs ? await turned(bytes, tensor) : null
  for (let at = 0; at < size; at += step) {
    const length = Math.min(step, size - at)
    yield all ? all.slice(at, at + length) : await bytes.take(offset + at, length)
  }
}

async function* rowsOf(bytes, tensor, rows) {
  const size = tensor.shape[1] * KINDS[tensor.dtype].width
  const all = tensor.pairs ? await turned(bytes, tensor) : null
  const most = Math.max(1, Math.floor(PART / size))
  for (let first = 0; first < rows.length; first += most) {
    const some = rows.slice(first, first + most), part = new Uint8Array(some.length * size)
    for (const [i, row] of some.entries())
      part.set(all ? all.subarray(row * size, (row + 1) * size) : await bytes.take(tensor.offset + row * size, size), i * size)
    yield part
  }
}

function laidOut(again) {
  const { bytes, found, told, cells } = file, { parts, sizes } = told.arrays()
  const header = new TextEncoder().encode(JSON.stringify({
    format: found.format,
    file: bytes.name,
    tensors: found.tensors.map(({ name, dtype, shape, place }, at) => ({ name, dtype, shape, place, cells: cells[at] })),
    skipped: found.skipped,
    again,
    arrays: sizes,
  }))
  const size = new Uint8Array(8)
  new DataView(size.buffer).setBigUint64(0, BigInt(header.length), true)
  return new Blob([size, header, ...parts])
}

async function answer({ data }) {
  try {
    const say = (done, total) => postMessage({ done, total })
    postMessage({ told: data.again ? await countedAgain(data.again) : await counted(data.file, say) })
  } catch (error) {
    if (error instanceof Refused) postMessage({ refused: { code: error.code, facts: error.facts } })
    else postMessage({ unread: error instanceof Unread ? "" : String(error) })
  }
}

if (typeof WorkerGlobalScope !== "undefined") self.addEventListener("message", answer)
