// What a pickle says, without doing it, as core/checkpoints/pickles.py has it: nothing that it names is looked up
// or called. A tensor is told by the few calls that torch.save writes for it; all else that is called is opaque.
// Whatever is unusual throws: the server says what it is.

const MOST_STEPS = 500_000
export class Named { constructor(name) { this.name = name } }
export class Opaque { constructor(name) { this.name = name } }
export class Tensor { constructor(told) { Object.assign(this, told) } }
class Storage { constructor(key, dtype, count) { Object.assign(this, { key, dtype, count }) } }
class Odd extends Error {}

const KINDS = {
  DoubleStorage: "float64", FloatStorage: "float32", HalfStorage: "float16", BFloat16Storage: "bfloat16",
  LongStorage: "int64", IntStorage: "int32", ShortStorage: "int16", CharStorage: "int8", ByteStorage: "uint8",
  BoolStorage: "bool", ComplexFloatStorage: "complex64", ComplexDoubleStorage: "complex128", UntypedStorage: "",
}

const held = value => {
  if (value === undefined) throw new Odd()
  return value
}
const view = (storage, start, shape, strides, dtype = storage?.dtype) => {
  if (!(storage instanceof Storage) || !dtype || !Array.isArray(shape) || !Array.isArray(strides)) throw new Odd()
  return new Tensor({ storage, start, shape, strides, dtype })
}
const typed = (storage, start, shape, strides, _, __, dtype) =>
  view(storage, start, shape, strides, dtype instanceof Named ? dtype.name.replace(/^torch\./, "") : "")
const TENSORS = {
  "torch._utils._rebuild_tensor": (...all) => view(...all.slice(0, 4)),
  "torch._utils._rebuild_tensor_v2": (...all) => view(...all.slice(0, 4)),
  "torch._utils._rebuild_tensor_v3": typed,
}
const OWN = ["torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"]
const same = value => value
const MADE = new Map(Object.entries({
  ...TENSORS,
  "torch._utils._rebuild_parameter": same,
  "torch._utils._rebuild_parameter_with_state": same,
  "torch._tensor._rebuild_from_type_v2": (make, kind, given) => {
    if (!(make instanceof Named) || !(kind instanceof Named)) throw new Odd()
    if (!OWN.includes(kind.name)) return new Opaque(kind.name)
    return Object.hasOwn(TENSORS, make.name) ? TENSORS[make.name](...given) : new Opaque(make.name)
  },
  "collections.OrderedDict": (pairs = []) => new Map(pairs.map(([key, value]) => [keyOf(key), value])),
  "collections.defaultdict": (_, pairs = []) => new Map(pairs.map(([key, value]) => [keyOf(key), value])),
  "builtins.set": (values = []) => values,
  "__builtin__.set": (values = []) => values,
  "torch.Size": same,
  "torch.device": () => null,
  "_codecs.encode": () => null,
}))

const keyOf = value => typeof value === "string" || Number.isInteger(value) ? value
  : typeof value === "boolean" ? (value ? "True" : "False") : `<${typeof value}>`

function stored(told) {
  const [word, kind, key, , count] = Array.isArray(told) ? told : []
  const name = kind instanceof Named && kind.name.startsWith("torch.") ? kind.name.split(".").pop() : ""
  if (word !== "storage" || typeof key !== "string" || !Number.isSafeInteger(count) || !Object.hasOwn(KINDS, name)) throw new Odd()
  return new Storage(key, KINDS[name], count)
}

function called(name, given) {
  const make = name instanceof Named && Array.isArray(given) ? MADE.get(name.name) : null
  if (make) try { return make(...given) } catch {}
  return name instanceof Opaque ? name : new Opaque(name instanceof Named ? name.name : "…")
}

class Bytes {
  constructor(bytes) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = 0
  }

  take(size) {
    if (size < 0 || this.at + size > this.bytes.length) throw new Odd()
    this.at += size
    return this.bytes.subarray(this.at - size, this.at)
  }

  number(size) { return this.take(size).reduceRight((n, byte) => n * 256 + byte, 0) }
  text(size) { return new TextDecoder().decode(this.take(size)) }

  whole(size) { // two's complement; one too large for a double to have exactly is no size of a tensor
    const bytes = this.take(size)
    if (!size) return 0
    const n = bytes.reduceRight((all, byte) => all * 256n + BigInt(byte), 0n)
    return Number(BigInt.asIntN(8 * size, n))
  }

  line() {
    const end = this.bytes.indexOf(10, this.at)
    if (end < 0) throw new Odd()
    const text = this.text(end - this.at)
    this.at++
    return text
  }
}

// What the bytes of a pickle describe: maps, lists, text, numbers, tensors and what is opaque.
export function unpickled(bytes) {
  const source = new Bytes(bytes), memo = [], below = []
  let stack = []
  const pop = () => held(stack.pop())
  const top = () => held(stack[stack.length - 1])
  const toMark = () => {
    const above = stack
    stack = held(below.pop())
    return above
  }
  const set = (target, values) => {
    if (values.length % 2) throw new Odd()
    if (target instanceof Map)
      for (let i = 0; i < values.length; i += 2) target.set(keyOf(values[i]), values[i + 1])
  }
  const extend = (target, values) => { if (Array.isArray(target)) for (const value of values) target.push(value) }
  const push = value => { stack.push(value) }
  const last = n => {
    if (stack.length < n) throw new Odd()
    push(stack.splice(stack.length - n))
  }
  const reduce = () => {
    const given = pop()
    stack[stack.length - 1] = called(top(), given)
  }
  const global = (module, name) => push(new Named(`${module}.${name}`))
  const steps = {
    0x80: () => source.take(1), 0x95: () => source.take(8), // PROTO FRAME
    "(": () => { below.push(stack); stack = [] },
    "0": () => { if (stack.length) stack.pop(); else toMark() },
    "1": toMark, "2": () => push(top()),
    N: () => push(null), 0x88: () => push(true), 0x89: () => push(false),
    "]": () => push([]), ")": () => push([]), "}": () => push(new Map()), 0x8F: () => push([]),
    l: () => push(toMark()), t: () => push(toMark()), 0x91: () => push(toMark()),
    d: () => { const values = toMark(), made = new Map(); set(made, values); push(made) },
    0x85: () => last(1), 0x86: () => last(2), 0x87: () => last(3),
    a: () => { const value = pop(); extend(top(), [value]) },
    e: () => { const values = toMark(); extend(top(), values) },
    0x90: () => { const values = toMark(); extend(top(), values) },
    s: () => { const value = pop(), key = pop(); set(top(), [key, value]) },
    u: () => { const values = toMark(); set(top(), values) },
    c: () => global(source.line(), source.line()),
    0x93: () => {
      const name = pop(), module = pop()
      if (typeof name === "string" && typeof module === "string") global(module, name)
      else push(new Opaque("…"))
    },
    R: reduce, 0x81: reduce, 0x92: () => { pop(); reduce() },
    b: () => { pop(); top() },
    Q: () => push(stored(pop())),
    q: () => { memo[source.number(1)] = top() }, r: () => { memo[source.number(4)] = top() },
    0x94: () => { memo.push(top()) },
    h: () => push(held(memo[source.number(1)])), j: () => push(held(memo[source.number(4)])),
    K: () => push(source.number(1)), M: () => push(source.number(2)), J: () => push(source.whole(4)),
    0x8A: () => push(source.whole(source.number(1))),
    X: () => push(source.text(source.number(4))), 0x8C: () => push(source.text(source.number(1))),
    0x8D: () => push(source.text(source.number(8))),
    U: () => push(source.text(source.number(1))), T: () => push(source.text(source.number(4))),
    C: () => push(source.text(source.number(1))), B: () => push(source.text(source.number(4))),
    G: () => push(new DataView(source.take(8).slice().buffer).getFloat64(0)),
  }
  const does = new Array(256)
  for (const [code, step] of Object.entries(steps)) does[code.length > 1 ? Number(code) : code.charCodeAt(0)] = step
  for (let step = 0; step < MOST_STEPS; step++) {
    const code = source.number(1)
    if (code === 0x2E) return pop()
    if (!does[code]) throw new Odd()
    does[code]()
  }
  throw new Odd()
}
