// What one unit makes of what comes in, written out: z = w₁·x₁ + … + b, and what follows it; and what every layer
// makes of the row.

import { brief } from "./network_drawing.js"
import { filled, inFormula, quantity } from "./numbers.js"

const TERMS = 5 // that are written; of more, the first three and the one that is chosen

// HTML of numbers and letters alone. `chosen` is a weight into the unit: layer, unit and input, from 1.
export function summed([at, unit, input], { layers: told }, { layers, x, steps }) {
  const { inputs, weight, bias, activation } = layers[at - 1]
  const fed = at > 1 ? steps[at - 2].a : x
  const [row, low] = [unit - 1, `<sub>${unit}</sub>`]
  const terms = chosenOf(inputs, input).map(i => i === null ? "…" : term(weight[row * inputs + i], fed[i], i + 1 === input))
  const sum = [...terms, ...bias ? [number(bias[row], true)] : []].join(" + ")
  const call = `${activation}(${activation === "softmax" ? "z" : `z${low}`})${activation === "softmax" ? low : ""}`
  const last = activation === "linear" ? "" : `, &nbsp;a${low} = ${call} = <b>${number(steps[at - 1].a[row])}</b>`
  return `<b>${told[at - 1].name}</b>&nbsp; z${low} = ${sum} = <b>${number(steps[at - 1].z[row])}</b>${last}`
}

// The row's way through the layers, as a table's HTML: z and a of each layer's units, that of the chosen unit marked.
export function layered([at, unit], { layers: told, words, row }, { layers, steps }) {
  const numbers = (values, own) => chosenOf(values.length, own ?? 1)
    .map(i => i === null ? "…" : `<span${i + 1 === own ? ' class="lab-term"' : ""}>${brief(values[i] + 0)}</span>`).join(", ")
  const lines = steps.map(({ z, a }, layer) => {
    const own = layer + 1 === at ? unit : null
    const { activation } = layers[layer]
    const name = activation === "linear" ? "" : ` · ${activation}`
    return `<tr><th scope="row"><b>${told[layer].name}</b>${name}</th><td>${numbers(z, own)}</td><td>${numbers(a, own)}</td></tr>`
  })
  return `<table class="lab-table"><thead><tr><th scope="col">${filled(words.row, { row })}</th><th scope="col"><i>z</i> = <i>W</i>·<i>x</i> + <i>b</i></th>`
    + `<th scope="col"><i>a</i> = φ(<i>z</i>)</th></tr></thead><tbody>${lines.join("")}</tbody></table>`
}

// What is said beside a unit or a weight's line, in words that Plotly would fill in.
export function beside({ place: [at, unit, input], isLine }, { words }, { layers, steps }) {
  const { bias, weight, inputs } = layers[at - 1]
  const own = weight[(unit - 1) * inputs + input - 1]
  const numbers = isLine ? [unit, input, quantity(own, own)]
    : [unit, brief(steps[at - 1].a[unit - 1]), bias ? brief(bias[unit - 1]) : "–"]
  return words[isLine ? "hover_weight" : "hover_unit"].replace(/%\{customdata\[(\d)\]\}/g, (_, which) => numbers[which])
}

function chosenOf(inputs, input) {
  if (inputs <= TERMS) return [...Array(inputs).keys()]
  return input <= 3 ? [0, 1, 2, null] : [0, 1, 2, null, input - 1, ...input < inputs ? [null] : []]
}

const term = (weight, x, isChosen) => `<span${isChosen ? ' class="lab-term"' : ""}>${number(weight, true)}·${number(x, true)}</span>`

// A number as the sums have it; a negative one in brackets, where it is a factor or a term.
function number(value, brackets = false) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "−inf"
  const text = inFormula(value + 0, 4)
  return brackets && value < 0 ? `(${text})` : text
}

// A number as the sums have it, in HTML.
export function symbol([at, unit, input], { layers }) {
  return input === undefined ? `x<sub>${unit}</sub>` : `${layers[at - 1].name} w<sub>${unit},${input}</sub>`
}
