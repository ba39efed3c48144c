// Numbers as the pages write them (pages/text/numbers.py): the digits that matter, in both languages alike.

const THIN = "\u202f" // a narrow no-break space groups thousands
const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" }
const LEAST = 3 // significant digits of any number, and of a double
const MOST = 17

// The power of ten of the first digit; what only rounding keeps from the next power is as large as that.
const size = value => Number(value.toExponential(11).split("e")[1])

const ALL = 100 // decimals, in which every number that lies in the middle of two written ones ends

// A number with all its digits, cut after so many decimals; null where that is not how it is rounded. In the middle
// Python goes to the even digit, a browser away from 0.
function cutToEven(exact, decimals) {
  const cut = exact.slice(0, exact.indexOf(".") + (decimals && decimals + 1))
  return /^\.?50*$/.test(exact.slice(cut.length)) && /[02468]$/.test(cut) ? cut : null
}

// With so many decimals, as Python writes it.
export const fixed = (value, decimals) => cutToEven(value.toFixed(ALL), decimals) ?? value.toFixed(decimals)

// As a number of so many decimals and a power of ten, as Python rounds it.
export function exponential(value, decimals) {
  const [exact, power] = value.toExponential(ALL).split("e")
  const cut = cutToEven(exact, decimals)
  return cut === null ? value.toExponential(decimals) : `${cut}e${power}`
}

// A whole number with grouped thousands and a real minus: 131 072.
export function count(value) {
  return fixed(value, 0).replace(/\B(?=(\d{3})+$)/g, THIN).replace("-", "−")
}

// A number of weights that is expected: whole, and a small one with three digits.
export function expectedCount(value) {
  return value >= 99.95 || Number.isInteger(value) ? count(value) : quantity(value, value, LEAST)
}

// `value` with the decimals that give a number of size `scale` so many `digits`.
export function quantity(value, scale = 0, digits = 4, trim = false) {
  if (Number.isNaN(value)) return "–"
  if (value === 0) return "0"
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞"
  const own = size(value)
  const beside = scale && Number.isFinite(scale) ? size(scale) : own
  const last = Math.max(Math.min(beside - Math.max(digits, LEAST), own - LEAST) + 1, own - MOST + 1)
  let text = fixed(Math.abs(value), Math.max(0, -last))
  let power = ""
  if (own >= 7 || (Math.min(own, beside) <= -6 && own <= -3)) {
    const [digitsOf, exponent] = exponential(Math.abs(value), own - last).split("e")
    text = digitsOf
    power = "×10" + [...String(Number(exponent))].map(one => SUPERSCRIPT[one]).join("")
  }
  if (trim && text.includes(".")) text = text.replace(/\.?0+$/, "")
  if (power && text === "1") [text, power] = ["", power.slice(1)]
  return (value < 0 ? "−" : "") + text + power
}

// `value` so that it can be told from `point`: with three digits of their distance.
export function apart(value, point) {
  if (Number.isFinite(value) && Math.abs(value - point) <= 1e-9 * Math.max(Math.abs(value), Math.abs(point))) return quantity(point, 0, 4, true)
  return quantity(value, value - point, LEAST, true)
}

// Two ends, with the digits that tell them apart: four of their distance.
export function interval(low, high) {
  const scale = (high - low) / 2 || Math.abs(low)
  return [quantity(low, scale, 4, true), quantity(high, scale, 4, true)]
}

// A number as formulas have it: so many significant digits, powers of ten as such.
export function inFormula(value, digits = 6) {
  const rounded = Number(exponential(Number(value), digits - 1))
  const [mantissa, exponent] = rounded.toPrecision(digits).split("e")
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa
  const minus = short.replace("-", "−")
  const at = size(rounded || 1)
  if (exponent === undefined && at >= -4) return minus
  const [head] = rounded.toExponential(digits - 1).split("e")
  const power = "10" + [...String(at)].map(one => SUPERSCRIPT[one]).join("")
  const front = head.replace(/\.?0+$/, "").replace("-", "−")
  return front === "1" ? power : `${front}·${power}`
}

// How large a file is.
export const sized = bytes => bytes < 2 ** 20 ? `${Math.ceil(bytes / 2 ** 10)} kB` : `${quantity(bytes / 2 ** 20, 0, 2, true)} MB`

// A text with {names} where numbers go, and {names:word|words} for words that go by them.
export function filled(text, numbers) {
  return text.replace(/\{(\w+)(?::([^{}|]*)\|([^{}]*))?\}/g, (whole, name, one, many) => {
    const number = numbers[name] ?? whole
    return many === undefined || number === whole ? number : String(number) === "1" ? one : many
  })
}
