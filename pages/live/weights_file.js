// What a file of weights holds, and where its numbers lie: safetensors, NumPy's .npy and what torch.save writes, as
// core/checkpoints reads them. Only the parts that are asked for are read.

import { Opaque, Tensor, unpickled } from "./pickle.js"
import { KINDS } from "./measure.js"

const HEAD = 512 // bytes by which a file is known
const WINDOW = 1 << 23 // bytes read at a time, while those before are counted
const [MOST_HEADER, MOST_ENTRIES, MOST_CHARS, MOST_DEEP, MOST_AXES] = [2 ** 24 - 1, 100_000, 1000, 32, 64]
const MOST_TURNED = 1 << 26 // numbers that are held at once where they lie in another order
const MOST_NUMBERS = 2 ** 32 - 1
const ENTRY = ["data_offsets", "dtype", "shape"]
const DTYPES = {
  F64: "float64", F32: "float32", F16: "float16", BF16: "bfloat16", I64: "int64", I32: "int32", I16: "int16", I8: "int8",
  U64: "uint64", U32: "uint32", U16: "uint16", U8: "uint8", BOOL: "bool", F8_E4M3: "float8_e4m3fn",
  F8_E4M3FNUZ: "float8_e4m3fnuz", F8_E5M2: "float8_e5m2", F8_E5M2FNUZ: "float8_e5m2fnuz",
}

// What is wrong with a file, by a code of core's and its facts.
export class Refused extends Error {
  constructor(code, facts) { super(code); Object.assign(this, { code: `checkpoint.${code}`, facts }) }
}
// What is read elsewhere: another format, or one of these as nobody writes it, of which the server says what it is.
export class Unread extends Error {}

export const shown = text => `'${text.length > 60 ? `${text.slice(0, 28)}...${text.slice(-29)}` : text}'`
const product = sizes => sizes.reduce((n, size) => n * size, 1)
const isWhole = n => Number.isSafeInteger(n) && n >= 0

// Reads a file's bytes: forwards from one window to the next, each of which is on its way meanwhile.
export class Bytes {
  constructor(file) {
    Object.assign(this, { file, size: file.size, name: file.name, begin: 0, held: new Uint8Array(0), next: null })
  }

  async read(from, size) {
    try {
      return new Uint8Array(await this.file.slice(from, from + size).arrayBuffer())
    } catch {
      throw new Refused("changed", { file: shown(this.name) })
    }
  }

  // The bytes of a place, which lie where a number of eight bytes may. They are gone with the next call.
  async take(from, size) {
    if (from < this.begin || from + size > this.begin + this.held.length) {
      const { next, held, begin } = this, end = next ? next.from + next.size : 0
      const fits = next && from >= next.from && from + size <= end
      const across = next && from >= begin && from < next.from && from + size <= end
      this.begin = fits ? next.from : from
      this.held = fits ? await next.bytes : across ? together(held.subarray(from - begin), await next.bytes)
        : await this.read(from, Math.max(size, WINDOW))
      const after = this.begin + this.held.length
      this.next = after < this.size ? { from: after, size: Math.min(WINDOW, this.size - after), bytes: this.read(after, WINDOW) } : null
      this.next?.bytes.catch(() => {}) // said when it is asked for
    }
    const at = from - this.begin
    const bytes = this.held.subarray(at, at + size)
    if (bytes.length < size) throw new Refused("changed", { file: shown(this.name) })
    return at % 8 ? bytes.slice() : bytes
  }

  async header(entry, from, size) {
    if (size > MOST_HEADER) throw new Refused("header", { file: shown(this.name), entry: shown(entry), given: size, most: MOST_HEADER })
    this.check(entry, from + size)
    const bytes = await this.read(from, size)
    if (bytes.length < size) throw new Refused("changed", { file: shown(this.name) })
    return bytes
  }

  check(entry, end) {
    if (end > this.size) throw new Refused("short", { file: shown(this.name), entry: shown(entry), size: this.size, end })
  }
}

function together(one, other) {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

// The tensors of a file in its order, each with its dtype, shape and place, and what of it is not read.
export async function opened(bytes) {
  if (!bytes.size) throw new Refused("empty", { file: shown(bytes.name) })
  const head = await bytes.read(0, Math.min(bytes.size, HEAD))
  const text = String.fromCharCode(...head)
  const found = text.startsWith("\x93NUMPY") ? await npy(bytes)
    : text.startsWith("PK") ? await torch(bytes)
      : text[8] === "{" && (text.slice(5, 8) === "\0\0\0" || bytes.name.endsWith(".safetensors")) ? await safetensors(bytes)
        : null
  if (!found) throw none(bytes, text.replace(/^[\xef\xbb\xbf \t\r\n]+/, "").toLowerCase())
  if (!found.tensors.length && !found.skipped.length) throw new Refused("none", { file: shown(bytes.name) })
  return found
}

// What came in a file's place when it was downloaded is known here; what else it may be, the server says.
function none(bytes, words) {
  const code = /^(<!doctype|<html|<\?xml)/.test(words) ? "page" : words.startsWith("version https://git-lfs") ? "pointer" : ""
  return code ? new Refused(code, { file: shown(bytes.name) }) : new Unread()
}

// A tensor whose numbers lie one after the other from a place on, or apart by strides.
function placed(found, bytes, name, dtype, { offset, shape, strides, place }) {
  const skip = (code, facts) => found.skipped.push({ name, file: bytes.name, code: `checkpoint.${code}`, facts: { file: shown(bytes.name), entry: shown(name), ...facts } })
  if (!Object.hasOwn(KINDS, dtype)) {
    skip("dtype", { dtype: dtype.slice(0, 60), allowed: Object.keys(KINDS) })
    return
  }
  const count = product(shape), pairs = count && strides ? joined(shape, strides) : []
  const inOrder = !pairs.length || pairs.length === 1 && pairs[0][1] === 1
  if (count > MOST_NUMBERS) throw new Unread()
  const reach = 1 + pairs.reduce((all, [size, step]) => all + (size - 1) * step, 0)
  if (!inOrder && count > reach) skip("layout", {})
  else if (!inOrder && reach > MOST_TURNED) throw new Unread()
  else found.tensors.push({ name, dtype, shape, offset, count, pairs: inOrder ? null : pairs, reach, place: place ?? `${offset}` })
}

// Sizes and strides with those axes joined that lie in each other as row-major ones do.
function joined(shape, strides) {
  const pairs = []
  for (const [axis, size] of shape.entries()) {
    const last = pairs[pairs.length - 1]
    if (size === 1) continue
    if (last && last[1] === size * strides[axis]) pairs[pairs.length - 1] = [last[0] * size, strides[axis]]
    else pairs.push([size, strides[axis]])
  }
  return pairs
}

const empty = format => ({ format, tensors: [], skipped: [] })

async function safetensors(bytes) {
  const file = shown(bytes.name), first = await bytes.header("header", 0, 8)
  const size = Number(new DataView(first.buffer).getBigUint64(0, true)), begin = 8 + size
  const text = await bytes.header("header", 8, size)
  let entries = null
  try { entries = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text)) } catch {}
  if (!isObject(entries)) throw new Refused("json", { file, offset: 8 })
  const names = Object.keys(entries).filter(name => name !== "__metadata__")
  if (names.length > MOST_ENTRIES) throw new Refused("entries", { file, most: MOST_ENTRIES })
  const found = empty("safetensors"), spans = []
  for (const name of names) {
    const [shape, start, end] = checked(bytes, name, entries[name], begin)
    spans.push([start, end, name])
    placed(found, bytes, name, DTYPES[entries[name].dtype] ?? entries[name].dtype, { offset: begin + start, shape, place: end > start ? null : `none ${name}` })
  }
  let at = 0
  const hold = (entry, start) => {
    if (start !== at) throw new Refused("apart", { file, entry: shown(entry), begin: begin + start, wanted: begin + at })
  }
  let last = "header"
  for (const [start, end, name] of spans.sort((one, other) => one[0] - other[0] || one[1] - other[1])) {
    hold(name, start)
    at = end
    last = name
  }
  bytes.check(last, begin + at)
  hold("end of the file", bytes.size - begin)
  return found
}

const isObject = value => typeof value === "object" && value !== null && !Array.isArray(value)

// Where a tensor's bytes begin and end behind the header, up to `from`, and its shape.
function checked(bytes, name, entry, from) {
  const file = shown(bytes.name), given = shown(JSON.stringify(entry) ?? "")
  if (name.length > MOST_CHARS || !name.isWellFormed()) throw new Refused("name", { file, entry: shown(name), most: MOST_CHARS })
  if (!isObject(entry) || Object.keys(entry).sort().join() !== ENTRY.join() || typeof entry.dtype !== "string"
    || !Array.isArray(entry.data_offsets) || entry.data_offsets.length !== 2 || !entry.data_offsets.every(isWhole))
    throw new Refused("entry", { file, entry: shown(name), given, fields: ["dtype", "shape", "data_offsets"] })
  const { shape, dtype, data_offsets: [start, end] } = entry
  if (!Array.isArray(shape) || shape.length > MOST_AXES || !shape.every(isWhole) || !isWhole(8 * product(shape)))
    throw new Refused("shape", { file, entry: shown(name), given: JSON.stringify(shape) })
  if (end < start) throw new Refused("outside", { file, entry: shown(name), begin: from + start, end: from + end, size: bytes.size })
  const width = Object.hasOwn(DTYPES, dtype) ? KINDS[DTYPES[dtype]].width : null
  if (width && end - start !== width * product(shape))
    throw new Refused("size", { file, entry: shown(name), given: end - start, dtype, shape: `[${shape.join(", ")}]`, wanted: width * product(shape) })
  return [shape, start, end]
}

// NumPy's header is a dict's repr, its keys in this order, as every version writes it.
const HEADER = /^\{\s*'descr'\s*:\s*'([<|=])([fiub])(\d*)'\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,\s*'shape'\s*:\s*\(([\d,\s]*)\)\s*,?\s*\}\s*$/

async function npy(bytes) {
  const start = await bytes.header("header", 0, 12)
  const long = start[6] > 1, size = new DataView(start.buffer)[long ? "getUint32" : "getUint16"](8, true)
  const offset = (long ? 12 : 10) + size
  const text = new TextDecoder("latin1").decode(await bytes.header("header", offset - size, size))
  const fields = HEADER.exec(text)
  if (!fields) throw new Unread()
  const [, , kind, width, fortran, sizes] = fields
  const shape = sizes.split(",").map(each => each.trim()).filter(Boolean).map(Number)
  const dtype = kind === "b" ? "bool" : `${{ f: "float", i: "int", u: "uint" }[kind]}${8 * width}`
  const name = bytes.name.replace(/\.npy$/, ""), found = empty("NumPy")
  if (!isWhole(16 * product(shape)) || !Object.hasOwn(KINDS, dtype)) throw new Unread()
  const end = offset + KINDS[dtype].width * product(shape)
  bytes.check(name, end)
  if (end !== bytes.size) throw new Unread()
  const strides = fortran === "True" ? shape.map((_, axis) => product(shape.slice(0, axis))) : null
  placed(found, bytes, name, dtype, { offset, shape, strides })
  return found
}

// The members of a ZIP archive by name: where each one's own header is, its size, and whether it is stored as it is.
async function members(bytes) {
  const from = Math.max(0, bytes.size - 22 - 2 ** 16)
  const tail = await bytes.read(from, bytes.size - from), look = new DataView(tail.buffer)
  let at = tail.length - 22
  while (at >= 0 && look.getUint32(at, true) !== 0x06054B50) at--
  if (at < 0) throw new Unread()
  let [count, size, begin] = [look.getUint16(at + 10, true), look.getUint32(at + 12, true), look.getUint32(at + 16, true)]
  if (count === 0xFFFF || size === 2 ** 32 - 1 || begin === 2 ** 32 - 1) {
    const where = Number(look.getBigUint64(at - 12, true))
    const wide = new DataView((await bytes.header("directory", where, 56)).buffer)
    if (wide.getUint32(0, true) !== 0x06064B50) throw new Unread();
    [count, size, begin] = [32, 40, 48].map(place => Number(wide.getBigUint64(place, true)))
  }
  if (count > MOST_ENTRIES) throw new Unread()
  const directory = await bytes.header("directory", begin, size), view = new DataView(directory.buffer), found = new Map()
  for (let entry = 0; entry < size;) {
    const [method, named, extra, comment] = [10, 28, 30, 32].map(place => view.getUint16(entry + place, true))
    const sizes = [24, 20, 42].map(place => view.getUint32(entry + place, true))
    const text = directory.subarray(entry + 46, entry + 46 + named)
    const more = new DataView(directory.buffer, entry + 46 + named, extra)
    if (view.getUint32(entry, true) !== 0x02014B50 || view.getUint16(entry + 8, true) & 1) throw new Unread()
    for (let place = 0; place + 4 <= extra; place += 4 + more.getUint16(place + 2, true))
      if (more.getUint16(place, true) === 1)
        sizes.reduce((spot, each, i) => each === 2 ** 32 - 1 ? (sizes[i] = Number(more.getBigUint64(spot, true)), spot + 8) : spot, place + 4)
    const name = new TextDecoder().decode(text)
    if (found.has(name)) throw new Unread()
    found.set(name, { name, header: sizes[2], size: sizes[0], stored: method === 0 && sizes[0] === sizes[1] })
    entry += 46 + named + extra + comment
  }
  return found
}

// Where a member's bytes begin.
async function beginOf(bytes, member) {
  if (!member?.stored) throw new Unread()
  const local = new DataView((await bytes.take(member.header, 30)).slice().buffer)
  if (local.getUint32(0, true) !== 0x04034B50) throw new Unread()
  const begin = member.header + 30 + local.getUint16(26, true) + local.getUint16(28, true)
  bytes.check(member.name, begin + member.size)
  return begin
}

async function torch(bytes) {
  const within = await members(bytes)
  const roots = [...within.keys()].filter(name => /^([^/]+\/)?data\.pkl$/.test(name)).map(name => name.slice(0, -8))
  const [root] = roots
  if (roots.length !== 1 || within.has(`${root}constants.pkl`)) throw new Unread()
  const whole = async member => bytes.header(member.name, await beginOf(bytes, member), member.size)
  const order = within.get(`${root}byteorder`)
  if (order && new TextDecoder().decode(await whole(order)) !== "little") throw new Unread()
  const found = empty("PyTorch"), places = new Map(), names = new Set()
  for (const [name, leaf] of leaves(unpickled(await whole(within.get(`${root}data.pkl`))), bytes.name)) {
    if (names.has(name) || name.length > MOST_CHARS || names.size >= MOST_ENTRIES) throw new Unread()
    names.add(name)
    if (leaf instanceof Opaque) {
      const facts = { file: shown(bytes.name), entry: shown(name), given: shown(leaf.name) }
      found.skipped.push({ name, file: bytes.name, code: "checkpoint.object", facts })
      continue
    }
    const { storage: { key, dtype: kind, count: numbers }, start, shape, strides, dtype } = leaf
    const member = within.get(`${root}data/${key}`)
    if (!places.has(key)) places.set(key, await beginOf(bytes, member))
    const complex = { complex64: 8, complex128: 16 }
    const widthOf = kind => KINDS[kind || "uint8"]?.width ?? complex[kind]
    const sizes = [start, ...shape, ...strides]
    if (!widthOf(dtype) || !widthOf(kind) || strides.length !== shape.length || shape.length > MOST_AXES
      || !sizes.every(isWhole) || !isWhole(16 * product(shape))) throw new Unread()
    const reach = 1 + shape.reduce((all, size, axis) => all + (size - 1) * strides[axis], 0)
    const end = product(shape) ? (start + reach) * widthOf(dtype) : 0
    if (numbers * widthOf(kind) !== member.size || end > member.size) throw new Unread()
    const offset = places.get(key) + start * widthOf(dtype)
    const pairs = joined(shape, strides).sort((one, other) => other[1] - one[1])
    const flat = joined(pairs.map(([size]) => size), pairs.map(([, step]) => step))
    const place = product(shape) ? `${offset} ${widthOf(dtype)} ${JSON.stringify(flat)}` : `none ${name}`
    placed(found, bytes, name, dtype, { offset, shape, strides, place })
  }
  return found
}

// Tensors, and what is opaque, with the keys on the way to them joined by points.
function leaves(tree, file) {
  const found = [], barren = new Set()
  const walk = (value, name, deep) => {
    if (value instanceof Tensor || value instanceof Opaque) {
      found.push([name || file.split(".")[0], value])
      return
    }
    const inner = value instanceof Map ? value.entries() : Array.isArray(value) ? value.entries() : null
    if (!inner || barren.has(value)) return
    if (deep > MOST_DEEP || name.length > MOST_CHARS || found.length > MOST_ENTRIES) throw new Unread()
    const before = found.length
    for (const [key, each] of inner) walk(each, name ? `${name}.${key}` : `${key}`, deep + 1)
    if (found.length === before) barren.add(value)
  }
  walk(tree, "", 0)
  return found
}

// The numbers of a tensor in row-major order, which lie apart in the file.
export async function turned(bytes, { offset, dtype, count, pairs, reach }) {
  const { width } = KINDS[dtype], all = (await bytes.read(offset, reach * width)).subarray(0, reach * width)
  const found = new Uint8Array(count * width), at = pairs.map(() => 0)
  if (all.length < reach * width) throw new Refused("changed", { file: shown(bytes.name) })
  for (let i = 0, place = 0; i < count; i++) {
    for (let byte = 0; byte < width; byte++) found[i * width + byte] = all[place * width + byte]
    for (let axis = pairs.length - 1; axis >= 0; axis--) {
      place += pairs[axis][1]
      if (++at[axis] < pairs[axis][0]) break
      place -= pairs[axis][0] * pairs[axis][1]
      at[axis] = 0
    }
  }
  return found
}
