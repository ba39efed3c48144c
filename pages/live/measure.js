// What is kept of a tensor once its numbers are gone, as core/checkpoints/measure.py and units.py have it: counts
// by the first 16 bits, sums, and of each row its mean square and a hash. A tensor comes in parts of whole units:
// its rows, or where it has none blocks of so many numbers.

import { singularValues } from "./singular_values.js"

export const BLOCK = 1 << 13
const [LEAST_ROW, MOST_ROW] = [8, 1 << 18]
const CELLS = 1 << 16
const [MOST_SIDE, MOST_BYTES] = [128, 1 << 19] // of a weight whose singular values are kept
const FEW = 1 << 13 // numbers whose cells are found by going through them once more, and not through all cells
const WORDS = 32 // of a hash, whose products fit a double together: 2^16 · 2^32 · 2^5
const TWO_16 = 2 ** 16, TWO_32 = 2 ** 32

// torch's name of a dtype → bytes of a number, and what its bits mean
export const KINDS = {
  float64: { width: 8 }, float32: { width: 4 },
  int64: { width: 8, whole: true }, uint64: { width: 8, whole: true },
  int32: { width: 4, whole: true }, uint32: { width: 4, whole: true },
  int16: { width: 2, whole: true }, uint16: { width: 2, whole: true },
  int8: { width: 1, whole: true }, uint8: { width: 1, whole: true }, bool: { width: 1, whole: true },
  bfloat16: { width: 2, digits: 7, bias: 127 }, float16: { width: 2, digits: 10, bias: 15 },
  float8_e4m3fn: { width: 1, digits: 3, bias: 7, nan: code => (code & 127) === 127 },
  float8_e5m2: { width: 1, digits: 2, bias: 15 },
  float8_e4m3fnuz: { width: 1, digits: 3, bias: 8, nan: code => code === 128 },
  float8_e5m2fnuz: { width: 1, digits: 2, bias: 16, nan: code => code === 128 },
}

// How many numbers a row has; 0 where rows are not looked at.
export function rowLength(dtype, shape) {
  if (shape.length < 2 || KINDS[dtype].whole || !shape[0]) return 0
  const length = shape.slice(1).reduce((n, size) => n * size, 1)
  return length >= LEAST_ROW && length <= MOST_ROW ? length : 0
}

// How many singular values are kept of a weight; 0 of one that is large, or has no rows.
export function sideOf(dtype, shape) {
  const row = rowLength(dtype, shape)
  if (!row || shape[0] * row * KINDS[dtype].width > MOST_BYTES) return 0
  const side = Math.min(shape[0], row)
  return side > 1 && side <= MOST_SIDE ? side : 0
}

const numbers = {}, squares = {} // dtype → its numbers, and their squares, by their bits
function numbersOf(dtype) {
  const { width, digits, bias, nan } = KINDS[dtype]
  const steps = 2 ** digits, top = 2 ** (8 * width - 1)
  return numbers[dtype] ??= Float64Array.from({ length: 2 * top }, (_, code) => {
    const sign = code < top ? 1 : -1, size = code % top, power = Math.floor(size / steps), rest = size % steps
    if (nan ? nan(code) : power === top / steps - 1) return nan || rest ? NaN : sign * Infinity
    return sign * (power ? (steps + rest) * 2 ** (power - bias - digits) : rest * 2 ** (1 - bias - digits))
  })
}

const squaresOf = dtype => squares[dtype] ??= numbersOf(dtype).map(each => each ** 2)

// The coefficients of hashes, SplitMix64's made odd: low halves as doubles and as whole numbers, and high halves.
const odds = { low: new Float64Array(0), least: new Int32Array(0), high: new Int32Array(0) }
function withOdds(words) {
  if (odds.low.length >= words) return odds
  Object.assign(odds, { low: new Float64Array(words), least: new Int32Array(words), high: new Int32Array(words) })
  const cut = n => BigInt.asUintN(64, n)
  for (let j = 0; j < words; j++) {
    let mixed = cut(BigInt(j + 1) * 0x9E3779B97F4A7C15n)
    mixed = cut((mixed ^ (mixed >> 30n)) * 0xBF58476D1CE4E5B9n)
    mixed = cut((mixed ^ (mixed >> 27n)) * 0x94D049BB133111EBn)
    mixed = (mixed ^ (mixed >> 31n)) | 1n
    odds.low[j] = Number(mixed & 0xFFFFFFFFn)
    odds.least[j] = odds.low[j] | 0
    odds.high[j] = Number(mixed >> 32n) | 0
  }
  return odds
}

// Σ word · coefficient modulo 2^64 of words of 8 bytes, given as halves, lower first; the upper is mixed in below.
function hashInto(halves, from, words, out, at) {
  const { low: lows, least, high: highs } = odds
  let low = 0, high = 0
  for (let j = 0, i = from; j < words;) {
    const stop = Math.min(words, j + WORDS)
    let lower = 0, upper = 0
    for (; j < stop; j++, i += 2) {
      const upmost = halves[i + 1], half = halves[i] ^ upmost
      lower += (half & 0xFFFF) * lows[j]
      upper += (half >>> 16) * lows[j]
      high = (high + Math.imul(half, highs[j]) + Math.imul(upmost, least[j])) | 0
    }
    const sum = low + lower % TWO_32 + (upper % TWO_16) * TWO_16
    high = (high + Math.floor(lower / TWO_32) + Math.floor(upper / TWO_16) + Math.floor(sum / TWO_32)) | 0
    low = sum % TWO_32
  }
  out[at] = low
  out[at + 1] = high
}

// Counts numbers of one or two bytes, and returns their mean square where there are squares.
function narrow(bits, from, to, counts) {
  for (let i = from; i < to; i++) counts[bits[i]]++
}

function narrowSquares(bits, from, to, counts, square) {
  let [a, b, c, d, i] = [0, 0, 0, 0, from]
  for (; i + 3 < to; i += 4) {
    const p = bits[i], q = bits[i + 1], r = bits[i + 2], s = bits[i + 3]
    counts[p]++
    counts[q]++
    counts[r]++
    counts[s]++
    a += square[p]
    b += square[q]
    c += square[r]
    d += square[s]
  }
  for (; i < to; i++) {
    counts[bits[i]]++
    a += square[bits[i]]
  }
  return a + b + c + d
}

// Counts and sums of numbers of four and eight bytes. `numbers` and `halves` are the same bytes; `step` halves make
// a number, of which the last holds its first bits.
class Sums {
  constructor() {
    Object.assign(this, { n: 0, mean: NaN, m2: 0, m3: 0, m4: 0, least: Infinity, most: -Infinity })
    Object.assign(this, { zeros: 0, nan: 0, inf: 0, low: 0 })
  }

  begin(numbers) {
    let sum = 0, n = 0, first = 0
    for (let i = 0; i < Math.min(numbers.length, BLOCK); i++) {
      if (!Number.isFinite(numbers[i])) continue
      if (!n++) first = numbers[i]
      sum += numbers[i]
    }
    const mean = n && Number.isFinite(sum) ? sum / n : first
    const shift = Math.abs(mean - first) <= 1e-14 * Math.abs(first) ? first : mean // equal numbers have no spread
    Object.assign(this, { shift, s1: 0, s2: 0, s3: 0, s4: 0, part: 0 })
  }

  // Takes the numbers of a unit; returns the sum of their squares.
  add(numbers, from, to) {
    const { shift } = this
    let s1 = 0, s2 = 0, s3 = 0, s4 = 0, square = 0, zeros = 0, least = Infinity, most = -Infinity
    for (let i = from; i < to; i++) {
      const x = numbers[i], off = x - shift, two = off * off
      s1 += off
      s2 += two
      s3 += two * off
      s4 += two * two
      square += x * x
      if (x === 0) zeros++
      if (x < least) least = x
      if (x > most) most = x
    }
    if (!Number.isFinite(s1)) return this.addOdd(numbers, from, to)
    this.s1 += s1
    this.s2 += s2
    this.s3 += s3
    this.s4 += s4
    this.part += to - from
    this.zeros += zeros
    if (least < this.least) this.least = least
    if (most > this.most) this.most = most
    return square
  }

  // The same where some are no finite numbers.
  addOdd(numbers, from, to) {
    let square = 0
    for (let i = from; i < to; i++) {
      const x = numbers[i], off = x - this.shift
      square += x * x
      if (Number.isNaN(x)) this.nan++
      else if (!Number.isFinite(x)) this.inf++
      else {
        this.s1 += off
        this.s2 += off ** 2
        this.s3 += off ** 3
        this.s4 += off ** 4
        this.part++
        this.zeros += x === 0
        this.least = Math.min(this.least, x)
        this.most = Math.max(this.most, x)
      }
    }
    return square
  }

  // Puts the moments of a part to those before it (Pébay 2008, eqs. 2.1 and 3.1).
  end() {
    const k = this.part, { s1, s2, s3, s4 } = this
    if (!k) return
    const m = s1 / k, mean = this.shift + m
    const b2 = Math.max(0, s2 - s1 * m), b3 = s3 - 3 * m * s2 + 2 * s1 * m ** 2
    const b4 = s4 - 4 * m * s3 + 6 * m ** 2 * s2 - 3 * s1 * m ** 3
    if (!this.n) {
      Object.assign(this, { n: k, mean, m2: b2, m3: b3, m4: b4 })
      return
    }
    const n = this.n + k, d = mean - this.mean, a = this.n / n, b = k / n
    this.m4 += b4 + n * a * b * (a * a - a * b + b * b) * d ** 4
      + 6 * d ** 2 * (a * a * b2 + b * b * this.m2) + 4 * d * (a * b3 - b * this.m3)
    this.m3 += b3 + n * a * b * (a - b) * d ** 3 + 3 * d * (a * b2 - b * this.m2)
    this.m2 += b2 + n * a * b * d ** 2
    this.mean += b * d
    this.n = n
  }

  told() {
    const [least, most] = this.n ? [this.least + 0, this.most + 0] : [NaN, NaN] // −0 is 0
    return [this.mean, this.m2, this.m3, this.m4, least, most, this.zeros, this.nan, this.inf, this.low]
  }
}

// Arrays that grow, of what is told of all tensors of a file.
class Growing {
  constructor(Kind) { Object.assign(this, { held: new Kind(1 << 12), length: 0 }) }

  room(n) {
    const wanted = this.length + n
    if (wanted > this.held.length) {
      const held = new this.held.constructor(Math.max(wanted, 2 * this.held.length))
      held.set(this.held)
      this.held = held
    }
    this.length = wanted
    return wanted - n
  }

  push(values) {
    const at = this.room(values.length) // which may have taken another array
    this.held.set(values, at)
  }

  whole() { return this.held.subarray(0, this.length) }
}

export class Told {
  constructor() {
    counts.fill(0) // a file before may have ended in the midst of a tensor
    this.sums = new Growing(Float64Array)
    this.squares = new Growing(Float64Array)
    this.singular = new Growing(Float64Array)
    this.hashes = new Growing(Int32Array)
    this.counts = new Growing(Uint32Array)
    this.codes = new Growing(Uint16Array)
  }

  // Their bytes, and how many numbers each has.
  arrays() {
    const all = [this.sums, this.squares, this.singular, this.hashes, this.counts, this.codes]
    return { parts: all.map(each => each.whole().slice()), sizes: all.map(each => each.length / (each === this.hashes ? 2 : 1)) }
  }
}

const counts = new Uint32Array(CELLS) // of the tensor that is read, all 0 between two
let scratch = new Int32Array(0)
let doubles = new Float64Array(0)

// Counts one tensor: its parts come to `add`, and `end` tells what was found, and returns how many cells it has.
export class Tally {
  constructor(dtype, shape, told) {
    const { width, whole } = KINDS[dtype]
    const row = rowLength(dtype, shape)
    Object.assign(this, { dtype, told, width, whole, unit: row || BLOCK, hasRows: row > 0, few: undefined })
    this.sums = width > 2 ? new Sums() : null
    this.square = row && width < 4 ? squaresOf(dtype) : null
    this.rows = sideOf(dtype, shape) && shape[0]
    this.words = Math.ceil(this.unit * width / 8)
    withOdds(this.words)
  }

  // Takes bytes of whole units, or of the last ones; they lie where a number of eight bytes may.
  add(bytes) {
    const { unit, width, told } = this, numbers = bytes.length / width
    const bits = bitsOf(this.dtype === "bool" ? bytes.map(byte => byte ? 1 : 0) : bytes, width)
    const values = this.sums ? this.values(bits, numbers) : null
    if (values) this.sums.begin(values)
    const units = Math.ceil(numbers / unit)
    let hash = told.hashes.room(2 * units), square = this.hasRows ? told.squares.room(units) : 0
    for (let from = 0; from < numbers; from += unit, hash += 2) {
      const to = Math.min(numbers, from + unit)
      const sum = values ? this.wide(values, bits, from, to) : this.narrow(bits, from, to)
      this.hash(bytes, from * width, to * width, told.hashes.held, hash)
      if (this.hasRows) told.squares.held[square++] = Math.fround(sum / unit)
    }
    if (values) this.sums.end()
    if (this.rows) { // such a weight comes in one part
      const weight = values ?? Float64Array.from(bits, code => numbersOf(this.dtype)[code])
      told.singular.push(singularValues(weight, this.rows))
    }
    this.few = this.few === undefined && numbers <= FEW ? topsOf(values ?? bits).sort() : null
  }

  // The numbers of a part, whole ones as doubles.
  values(bits, numbers) {
    const { buffer, byteOffset } = bits
    if (!this.whole) return new (this.width === 4 ? Float32Array : Float64Array)(buffer, byteOffset, numbers)
    if (doubles.length < numbers) doubles = new Float64Array(numbers)
    const isSigned = this.dtype.startsWith("i")
    for (let i = 0; i < numbers; i++) {
      const top = this.width === 4 ? bits[i] : bits[2 * i + 1]
      const upper = isSigned ? top : top >>> 0
      doubles[i] = this.width === 4 ? upper : upper * TWO_32 + (bits[2 * i] >>> 0)
    }
    return doubles.subarray(0, numbers)
  }

  narrow(bits, from, to) {
    return this.square ? narrowSquares(bits, from, to, counts, this.square) : narrow(bits, from, to, counts)
  }

  wide(values, bits, from, to) {
    if (values.BYTES_PER_ELEMENT === 4) {
      let low = this.sums.low
      for (let i = from; i < to; i++) {
        counts[bits[i] >>> 16]++
        low |= bits[i]
      }
      this.sums.low = low & 0xFFFF
    } else {
      const tops = new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
      for (let i = from; i < to; i++) counts[tops[2 * i + 1] >>> 16]++
    }
    return this.sums.add(values, from, to)
  }

  hash(bytes, from, to, out, at) {
    const words = Math.ceil((to - from) / 8)
    const start = bytes.byteOffset + from
    if ((to - from) % 8 === 0 && start % 4 === 0) {
      hashInto(new Int32Array(bytes.buffer, start, 2 * words), 0, words, out, at)
      return
    }
    if (scratch.length < 2 * words) scratch = new Int32Array(2 * words)
    scratch[2 * words - 2] = scratch[2 * words - 1] = 0
    new Uint8Array(scratch.buffer).set(bytes.subarray(from, to))
    hashInto(scratch, 0, words, out, at)
  }

  end() {
    if (this.sums) this.told.sums.push(this.sums.told())
    const { codes, counts: told } = this.told, { few } = this
    const most = few ? few.length : CELLS, before = codes.length
    codes.room(most)
    told.room(most)
    let at = before
    for (let i = 0; i < most; i++) {
      const code = few ? few[i] : i
      if (!counts[code]) continue
      codes.held[at] = code
      told.held[at++] = counts[code]
      counts[code] = 0
    }
    codes.length = told.length = at
    return at - before
  }
}

const bitsOf = ({ buffer, byteOffset, length }, width) =>
  width === 1 ? new Uint8Array(buffer, byteOffset, length)
    : width === 2 ? new Uint16Array(buffer, byteOffset, length / 2) : new Int32Array(buffer, byteOffset, length / 4)

// The first bits of numbers, by which they are counted, in an array of its own.
function topsOf(values) {
  const { buffer, byteOffset, length, BYTES_PER_ELEMENT: width } = values
  if (width < 4) return Uint16Array.from(values)
  const halves = new Uint16Array(buffer, byteOffset, length * width / 2)
  return new Uint16Array(length).map((_, i) => halves[(i + 1) * width / 2 - 1])
}
