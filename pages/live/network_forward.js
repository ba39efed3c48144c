// A network's parameters, as torch's own generator makes them, and one row's way through it. Sums are made in
// double and rounded once, where torch rounds each step to float32: to the digits that are shown, the same.

import { Tape, weigh } from "./torch_draws.js"

const { fround } = Math

// φ(z), by core's keys
export const ACTIVATIONS = {
  linear: z => z,
  relu: z => Math.max(0, z),
  leaky_relu: z => z > 0 ? z : 0.01 * z,
  tanh: Math.tanh,
  sigmoid: z => 1 / (1 + Math.exp(-z)),
  hard_tanh: z => Math.min(1, Math.max(-1, z)),
  erf,
  gelu: z => z * 0.5 * (1 + erf(z * Math.SQRT1_2)),
  silu: z => z / (1 + Math.exp(-z)),
  mish: z => z * Math.tanh(softplus(z)),
  elu: z => z > 0 ? z : Math.expm1(z),
  selu: z => 1.0507009873554804934193349852946 * (z > 0 ? z : 1.6732632423543772848170429916717 * Math.expm1(z)),
  softplus,
  softsign: z => z / (1 + Math.abs(z)),
}

function softplus(z) {
  return z > 20 ? z : Math.log1p(Math.exp(z)) // as torch, which goes over to z there
}

// Abramowitz and Stegun (1964), 7.1.6: terms of one sign, so that none cancels another
function erf(z) {
  if (Math.abs(z) > 6) return Math.sign(z)
  let term = z
  let sum = z
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= 2 * z * z / (2 * n + 1)
    sum += term
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) * sum
}

// The layers with the weights and biases that were drawn, before any was set by hand: flat, row after row.
export function drawn({ layers, inputs, seed, given }) {
  const take = given === null ? null : taker(given)
  const tape = new Tape(seed)
  return layers.map((layer, at) => {
    const from = at ? layers[at - 1].units : inputs
    const n = from * layer.units
    if (take) return { ...layer, inputs: from, weight: take(n), bias: layer.bias === "none" ? null : take(layer.units) }
    // nn.Linear first fills its own
    const own = size => weigh({ family: "uniform", low: -1 / Math.sqrt(from), high: 1 / Math.sqrt(from) }, tape.uniform(size))
    const first = own(n)
    const bias = layer.bias === "none" ? null : own(layer.units)
    if (layer.bias === "zeros") bias.fill(0)
    return { ...layer, inputs: from, weight: layer.law ? filledBy(layer.law, n, tape) : first, bias }
  })
}

function filledBy(law, n, tape) {
  if (law.family === "point") return new Float32Array(n).fill(law.mean)
  return weigh(law, law.family === "uniform" ? tape.uniform(n) : tape.normal(n)).slice()
}

// Numbers that were sent as the bytes of float32, part after part.
function taker(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
  const numbers = new Float32Array(bytes.buffer)
  let at = 0
  return n => numbers.slice(at, at += n)
}

// Each layer's z and what follows it, of one row.
export function forward(layers, x) {
  let fed = x
  return layers.map(({ inputs, units, weight, bias, activation }) => {
    const z = new Float32Array(units)
    for (let unit = 0; unit < units; unit++) {
      let sum = bias ? bias[unit] : 0
      for (let i = 0; i < inputs; i++) sum += weight[unit * inputs + i] * fed[i]
      z[unit] = sum
    }
    const a = activation === "softmax" ? softmax(z) : z.map(one => fround(ACTIVATIONS[activation](one)))
    fed = a
    return { z, a }
  })
}

function softmax(z) {
  const most = Math.max(...z)
  const powers = [...z].map(one => Math.exp(one - most))
  const sum = powers.reduce((a, b) => a + b)
  return Float32Array.from(powers, power => power / sum)
}
