// Counts a file of weights where it lies, in a thread of its own: see weights_file.js and measure.js. It has no words with
// any server; the page that it works for sends what it tells, which is counts and sums and none of the numbers.

import { Bytes, Refused, Unread, opened, turned } from "./weights_file.js"
import { KINDS, Tally, Told, rowLength } from "./measure.js"

const PART = 1 << 20 // bytes that are counted at a time, or a row of more
const OFTEN = 100 // milliseconds between two words on how far it is
const MOST_THREADS = 4, WORTH = 1 << 25 // bytes for which a thread more is begun

let file = null // what was opened last, for rows that are to be looked at once more

// All of a file as it is told. `say` hears how many bytes have been read, and of how many.
export async function counted(given, say = () => {}) {
  const bytes = new Bytes(given), found = await opened(bytes)
  const ends = endsOf(found.tensors), total = sizeOf(found.tensors), done = ends.map(() => 0)
  const shares = await Promise.all(ends.map((end, at) => {
    const hear = n => {
      done[at] = n
      say(done.reduce((all, one) => all + one), total)
    }
    const first = at ? ends[at - 1] : 0
    return at ? elsewhere(given, first, end, hear) : share(bytes, found.tensors.slice(first, end), hear)
  }))
  file = { bytes, found, shares }
  return laidOut([], new Told())
}

const sizeOf = tensors => tensors.reduce((n, { count, dtype }) => n + count * KINDS[dtype].width, 0)

// Before which tensor each thread's share ends: shares follow each other, and have as many bytes as can be.
function endsOf(tensors) {
  const total = sizeOf(tensors)
  const cores = typeof Worker === "undefined" ? 1 : navigator.hardwareConcurrency || 1
  const threads = Math.max(1, Math.min(cores, MOST_THREADS, Math.floor(total / WORTH)))
  const ends = []
  let size = 0
  for (const [at, tensor] of tensors.entries()) {
    size += sizeOf([tensor])
    if (size >= total * (ends.length + 1) / threads && at + 1 < tensors.length && ends.length + 1 < threads) ends.push(at + 1)
  }
  return [...ends, tensors.length]
}

// What is told of some tensors, and how many cells each has.
async function share(bytes, tensors, hear) {
  const told = new Told(), cells = []
  let [done, then] = [0, 0]
  for (const tensor of tensors) {
    const tally = new Tally(tensor.dtype, tensor.shape, told)
    for await (const part of partsOf(bytes, tensor)) {
      tally.add(part)
      done += part.length
      if (performance.now() - then > OFTEN) {
        then = performance.now()
        hear(done)
      }
    }
    cells.push(tally.end())
  }
  return { cells, ...told.arrays() }
}

// The same, by a thread that is begun for it.
function elsewhere(given, first, end, hear) {
  const worker = new Worker(import.meta.url, { type: "module" })
  return new Promise((resolve, reject) => {
    worker.addEventListener("error", ({ message }) => reject(new Error(message)))
    worker.addEventListener("message", ({ data }) => {
      if (data.share) resolve(data.share)
      else if (data.refused) reject(Object.assign(new Refused(), data.refused))
      else if (data.unread !== undefined) reject(data.unread ? new Error(data.unread) : new Unread())
      else hear(data.done)
    })
    worker.postMessage({ file: given, first, end })
  }).finally(() => worker.terminate())
}

// The same with some rows of its tensors counted by themselves as well.
export async function countedAgain(asked) {
  const { bytes, found: { tensors } } = file, told = new Told(), again = []
  for (const { tensor, rows } of asked) {
    const { dtype, shape } = tensors[tensor]
    const tally = new Tally(dtype, [rows.length, shape[1]], told)
    for await (const part of rowsOf(bytes, tensors[tensor], rows)) tally.add(part)
    again.push({ tensor, rows, cells: tally.end() })
  }
  return laidOut(again, told)
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

function laidOut(again, told) {
  const { bytes, found, shares } = file, all = [...shares, told.arrays()]
  const cells = shares.flatMap(one => one.cells)
  const sizes = told.arrays().sizes.map((_, array) => all.reduce((n, one) => n + one.sizes[array], 0))
  const parts = sizes.flatMap((_, array) => all.map(one => one.parts[array]))
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
    if (data.end) {
      const bytes = new Bytes(data.file), { tensors } = await opened(bytes)
      postMessage({ share: await share(bytes, tensors.slice(data.first, data.end), say) })
    } else postMessage({ told: data.again ? await countedAgain(data.again) : await counted(data.file, say) })
  } catch (error) {
    if (error instanceof Refused) postMessage({ refused: { code: error.code, facts: error.facts } })
    else postMessage({ unread: error instanceof Unread ? "" : String(error) })
  }
}

if (typeof WorkerGlobalScope !== "undefined") self.addEventListener("message", answer)
