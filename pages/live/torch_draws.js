// torch's own weights and what core keeps of them, in a browser: the numbers of a seed, the weights that a
// law makes of them, and their summary. On a CPU torch draws by MT19937, and makes normal float32 numbers,
// where that CPU has AVX2, by polynomials in float32: they are followed here to the last bit.

const WORDS = 624 // of the state of MT19937, which makes as many numbers at once
const GROUP = 16 // torch makes normal numbers in groups, and fewer in another way
const UNIT = 2 ** -24

// u1 = k·2⁻²⁴ with k from 1 to 2²⁴; by its number of bits, what brings it to [0.5, 1)
const HALVES = Float64Array.from({ length: 33 }, (_, bits) => 2 ** -bits)

const { fround } = Math
const TWO_PI = fround(2 * Math.PI)
const FOUR_OVER_PI = fround(4 / Math.PI)
const HALF_ROOT = fround(Math.SQRT1_2)

// the coefficients of log, cos and sin in Cephes, as float32, and ln 2 and π/4 in parts of few bits
const [L0, L1, L2, L3, L4, L5, L6, L7, L8] = [
  7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
  -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(fround)
const [LN_LOW, LN_HIGH] = [-2.12194440e-4, 0.693359375].map(fround)
const [C0, C1, C2] = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(fround)
const [S0, S1, S2] = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(fround)
const [PI_1, PI_2, PI_3] = [-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8].map(fround)

// MT19937 of Matsumoto and Nishimura, begun as init_genrand does; of a seed torch reads the lowest 32 bits
function seeded(seed) {
  const state = new Uint32Array(WORDS)
  state[0] = seed
  for (let i = 1; i < WORDS; i++) {
    const last = state[i - 1]
    state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i
  }
  return state
}

const twisted = (word, next, far) => {
  const both = (word & 0x80000000) | (next & 0x7fffffff)
  return far ^ (both >>> 1) ^ (-(both & 1) & 0x9908b0df)
}

function twist(state) {
  for (let i = 0; i < 227; i++) state[i] = twisted(state[i], state[i + 1], state[i + 397])
  for (let i = 227; i < WORDS - 1; i++) state[i] = twisted(state[i], state[i + 1], state[i - 227])
  state[WORDS - 1] = twisted(state[WORDS - 1], state[0], state[396])
}

const tempered = word => {
  word ^= word >>> 11
  word ^= (word << 7) & 0x9d2c5680
  word ^= (word << 15) & 0xefc60000
  return word ^ (word >>> 18)
}

// the uniform numbers of [0, 1) from ``first`` on, of 24 bits each
function fillFlat(flat, first, state) {
  for (let at = first; at < flat.length; at += WORDS) {
    twist(state)
    for (let i = 0; i < WORDS; i++) flat[at + i] = (tempered(state[i]) & 0xffffff) * UNIT
  }
}

// Where torch has multiply and add in one, double arithmetic and one rounding give the same: a product of two
// float32 is exact in it.
function radius(u) {
  const k = 0x1000000 - u / UNIT
  const bits = 32 - Math.clz32(k)
  let x = k * HALVES[bits]
  let e = bits - 24
  if (x < HALF_ROOT) {
    e -= 1
    x += x
  }
  x -= 1
  const z = fround(x * x)
  let y = fround(L0 * x + L1)
  y = fround(y * x + L2)
  y = fround(y * x + L3)
  y = fround(y * x + L4)
  y = fround(y * x + L5)
  y = fround(y * x + L6)
  y = fround(y * x + L7)
  y = fround(y * x + L8)
  y = fround(y * x)
  y = fround(y * z + fround(e * LN_LOW))
  y = fround(y - 0.5 * z)
  return fround(Math.sqrt(-2 * fround(e * LN_HIGH + fround(x + y))))
}

const cosine = z => {
  let y = fround(C0 * z + C1)
  y = fround(y * z + C2)
  return fround(fround(fround(y * z) * z - 0.5 * z) + 1)
}

const sine = (x, z) => {
  let y = fround(S0 * z + S1)
  y = fround(y * z + S2)
  return fround(fround(y * z) * x + x)
}

// Box and Muller: of 16 uniform numbers from ``at`` on, the j-th and the (j + 8)-th make two normal ones
function turn(flat, at, normal, to) {
  for (let j = 0; j < 8; j++) {
    const r = radius(flat[at + j])
    const theta = fround(TWO_PI * flat[at + j + 8])
    const octant = (fround(theta * FOUR_OVER_PI) + 1) & ~1
    const x = fround(octant * PI_3 + fround(octant * PI_2 + fround(octant * PI_1 + theta)))
    const z = fround(x * x)
    const c = cosine(z)
    const s = sine(x, z)
    const across = octant & 2
    normal[to + j] = r * ((octant + 2) & 4 ? -1 : 1) * (across ? s : c)
    normal[to + j + 8] = r * (octant & 4 ? -1 : 1) * (across ? c : s)
  }
}

const grown = (old, length) => {
  const longer = new Float32Array(length)
  longer.set(old)
  return longer
}

// The numbers of one seed before a law scales them; grows as more are asked for, so that another n costs
// nothing drawn before. ``ready`` holds the ``buffers`` of another stream of its family and seed.
export class Stream {
  constructor(family, seed, ready) {
    this.family = family
    this.seed = seed
    // ``tail`` is where the last 16 normal numbers stand that only a tensor of the last n has
    this.buffers = ready ?? {
      flat: new Float32Array(0),
      normal: new Float32Array(0),
      tail: 0,
      state: seeded(seed),
    }
  }

  // As torch would have them in a tensor of n entries. The array is good until the next call.
  numbers(n) {
    if (this.family === "uniform") return this.drawn(n).flat.subarray(0, n)
    if (n < GROUP) return numbersAfter([], "normal", this.seed, n)
    const { flat, normal } = this.turned(n % GROUP ? n + GROUP : n)
    // where groups leave a rest, torch draws the last 16 anew
    if (n % GROUP) {
      this.buffers.tail = n - GROUP
      turn(flat, n, normal, n - GROUP)
    }
    return normal.subarray(0, n)
  }

  drawn(n) {
    const { flat, state } = this.buffers
    if (n > flat.length) {
      this.buffers.flat = grown(flat, Math.ceil(n / WORDS) * WORDS)
      fillFlat(this.buffers.flat, flat.length, state)
    }
    return this.buffers
  }

  turned(n) {
    const { flat, normal, tail } = this.drawn(n)
    if (normal.length < flat.length) this.buffers.normal = grown(normal, flat.length)
    const end = Math.min(tail + GROUP, normal.length)
    for (let at = tail - (tail % GROUP); at < end; at += GROUP) turn(flat, at, this.buffers.normal, at)
    for (let at = normal.length; at < flat.length; at += GROUP) turn(flat, at, this.buffers.normal, at)
    this.buffers.tail = flat.length
    return this.buffers
  }
}

// The numbers of one generator for tensor after tensor, as torch's modules ask for them.
export class Tape {
  constructor(seed) {
    this.state = seeded(seed)
    this.at = WORDS
    this.kept = null // of two normal numbers made in double, the second
  }

  word() {
    if (this.at === WORDS) {
      twist(this.state)
      this.at = 0
    }
    return tempered(this.state[this.at++])
  }

  uniform(n) {
    return Float32Array.from({ length: n }, () => (this.word() & 0xffffff) * UNIT)
  }

  normal(n) {
    if (n < GROUP) return Float64Array.from({ length: n }, () => this.one())
    const flat = this.uniform(n)
    const normal = new Float32Array(n)
    for (let at = 0; at + GROUP <= n; at += GROUP) turn(flat, at, normal, at)
    if (n % GROUP) turn(this.uniform(GROUP), 0, normal, n - GROUP)
    return normal
  }

  one() {
    const kept = this.kept
    this.kept = null
    if (kept !== null) return kept
    const [around, out] = [this.unit(), this.unit()]
    const r = Math.sqrt(-2 * Math.log1p(-out))
    this.kept = r * Math.sin(2 * Math.PI * around)
    return r * Math.cos(2 * Math.PI * around)
  }

  unit() {
    const high = this.word() & 0x1fffff
    return (high * 2 ** 32 + (this.word() >>> 0)) * 2 ** -53
  }
}

// The numbers that a seed gives a tensor after others: `before` is [family, n] of each of these.
export function numbersAfter(before, family, seed, n) {
  const tape = new Tape(seed)
  for (const [other, count] of before) tape[other](count)
  return tape[family](n)
}

// The weights that a law makes of numbers; ``law`` is {family: "uniform", low, high} or
// {family: "normal", mean, std}. They are written into ``out`` if that has room; what comes back is the next
// call's ``out``.
export function weigh(law, numbers, out) {
  const n = numbers.length
  const room = out && out.buffer.byteLength >= 4 * n
  const weights = room ? new Float32Array(out.buffer, 0, n) : new Float32Array(n)
  if (law.family === "uniform") stretch(numbers, fround(law.low), fround(law.high), weights)
  else if (n < GROUP) weights.set(numbers.map(z => z * law.std + law.mean))
  else scale(numbers, fround(law.mean), fround(law.std), weights)
  return weights
}

// torch sets what is rounded to the open upper end to the lower one
function stretch(numbers, low, high, weights) {
  const width = fround(high - low)
  for (let i = 0; i < numbers.length; i++) {
    weights[i] = numbers[i] * width + low
    if (weights[i] === high) weights[i] = low
  }
}

function scale(numbers, mean, std, weights) {
  for (let i = 0; i < numbers.length; i++) weights[i] = numbers[i] * std + mean
}

// What core keeps of weights. ``counts[i]`` lie in [edges[i], edges[i + 1]), the last bin closed; the end
// bins also take all that lies beyond them. ``outside[i]`` lie strictly outside ``bands[i]``. Short loops run
// faster than one that does it all.
export function summarize(weights, edges, bands) {
  const n = weights.length
  const anchor = (edges[0] + edges[edges.length - 1]) / 2 // no law's mean is far from it, in std
  const { sum, squares, cubes, fourths, minimum, maximum } = sums(weights, anchor)
  const off = sum / n
  const variance = Math.max(0, squares / n - off * off)
  const fourth = fourths / n - 4 * off * cubes / n + 6 * off * off * squares / n - 3 * off ** 4
  const spread = minimum < maximum
  return {
    n,
    mean: spread ? anchor + off : minimum,
    std: spread ? Math.sqrt(variance) : 0,
    excess_kurtosis: spread ? fourth / variance / variance - 3 : NaN,
    minimum,
    maximum,
    counts: counted(weights, edges),
    outside: bands.map(([low, high]) => minimum < low || maximum > high ? beyond(weights, low, high) : 0),
  }
}

function sums(weights, anchor) {
  let sum = 0
  let squares = 0
  let cubes = 0
  let fourths = 0
  let minimum = Infinity
  let maximum = -Infinity
  for (let i = 0; i < weights.length; i++) {
    const d = weights[i] - anchor
    sum += d
    const square = d * d
    squares += square
    cubes += square * d
    fourths += square * square
    minimum = Math.min(minimum, weights[i])
    maximum = Math.max(maximum, weights[i])
  }
  return { sum, squares, cubes, fourths, minimum, maximum }
}

function counted(weights, edges) {
  const bins = edges.length - 1
  const counts = new Int32Array(bins)
  const walls = edges.slice()
  walls[0] = -Infinity
  walls[bins] = Infinity
  const low = edges[0]
  const perUnit = bins / (edges[bins] - low)
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]
    const position = (weight - low) * perUnit
    let bin = position < bins ? (position > 0 ? position | 0 : 0) : bins - 1
    // the position is rounded, and so may lie on the other side of an edge
    if (weight < walls[bin]) bin -= 1
    else if (weight >= walls[bin + 1]) bin += 1
    counts[bin] += 1
  }
  return counts
}

function beyond(weights, low, high) {
  let count = 0
  for (let i = 0; i < weights.length; i++) count += weights[i] < low || weights[i] > high ? 1 : 0
  return count
}

// As numpy.linspace(low, high, bins + 1), bit for bit.
export function linspace(low, high, bins) {
  const step = (high - low) / bins
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) => i * step + low)
  edges[bins] = high
  return edges
}
