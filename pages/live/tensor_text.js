// A tensor as torch prints it: four decimals, or powers of ten where numbers of one tensor differ a thousandfold.

import { exponential, fixed } from "./numbers.js"

const PRECISION = 4

const power = x => exponential(x, PRECISION).replace(/e([+-])(\d)$/, "e$10$2") // two digits, as in Python

// Numbers, none of them infinite, in rows of so many; torch breaks rows of more than 80 characters.
export function printed(numbers, inRow) {
  const sizes = numbers.filter(x => x !== 0).map(Math.abs)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  const wide = most / least > 1000 || most > 1e8 || least < 1e-4
  const texts = numbers.map(x => wide ? power(x) : fixed(x, PRECISION))
  const width = Math.max(...texts.map(text => text.length))
  const rows = []
  for (let at = 0; at < numbers.length; at += inRow)
    rows.push(`[${texts.slice(at, at + inRow).map(text => text.padStart(width)).join(", ")}]`)
  return `tensor([${rows.join(",\n        ")}])`
}
