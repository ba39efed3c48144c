// What the page says in numbers of a law that a hand moves: written anew in every frame, put back at the end.

import { wordsOf } from "./law.js"
import { printed } from "./tensor_text.js"
import { apart, count, filled, inFormula, interval, quantity } from "./numbers.js"

const OF_WEIGHTS = ["mean", "std", "excess_kurtosis", "outside"].flatMap(key => [key, `${key}_off`]).concat("minimum", "maximum")
const OF_LAW = ["minimum_law", "maximum_law", "outside_law"] // which only some laws say here
const FAR_OFF = 4 // standard errors past which a number carries the warning

// The numbers of the formula that are coloured: of each its parts, as a minus stands in one of its own, and a power of
// ten in several.
export function formulaNow() {
  const numbers = []
  for (const part of document.querySelectorAll("[data-testid=stMarkdown] .katex-html [style*=color]")) {
    if (part.querySelector("[style*=color]")) continue
    const last = numbers.at(-1)?.at(-1)
    if (last && last.style.color === part.style.color && !between(last, part)) numbers.at(-1).push(part)
    else numbers.push([part])
  }
  return numbers
}

// What is written between two parts of a formula.
function between(part, next) {
  const range = document.createRange()
  range.setStartAfter(part)
  range.setEndBefore(next)
  return range.toString().replaceAll("\u200b", "")
}

export class Said {
  // `name` is what is moved, and `field` its own, which shows what the server knows.
  constructor(live, name, field) {
    this.live = live
    this.formula = formulaNow()
    this.texts = new Map()
    this.before = new Map()
    this.wrote = new Map()
    this.old = new Set()
    this.folded = new Set()
    this.written = new Set()
    for (const at of document.querySelectorAll("[data-lab-now]")) {
      const key = at.dataset.labNow
      this.texts.set(key, [...(this.texts.get(key) ?? []), at])
    }
    const headline = document.querySelector(".lab-headline")
    if (!this.texts.has("finding") && headline) this.texts.set("finding", [headline])
    const [, listing] = live.words.step ? document.querySelectorAll(".st-key-cell .stCode code:not(.lab-copy)") : []
    if (listing) this.texts.set("printed", [this.standIn(listing)])
    this.grey(field ? [field] : [])
    this.grey(document.querySelectorAll(".st-key-view .lab-verdict"))
    this.grey(document.querySelectorAll("[data-lab-old]"))
    const bySeed = name === "seed"
    if (bySeed || !live.panels) this.grey(document.querySelectorAll(".lab-table td:not(:has([data-lab-now]))"))
    if (!bySeed && !live.formula?.includes(name)) this.grey(document.querySelectorAll("[data-testid=stMarkdown]:has(.katex)"))
  }

  // A copy that stands in its place: React knows the very pieces of a listing, and fails to take away what is gone.
  standIn(element) {
    const before = element.previousElementSibling
    const copy = before?.matches(".lab-copy") ? before : element.cloneNode(true)
    copy.classList.add("lab-copy")
    element.before(copy)
    element.style.display = "none"
    this.listing = { element, copy }
    return copy
  }

  // What is not of now is grey until the server has spoken.
  grey(elements, isOld = true) {
    for (const element of elements) {
      element.classList.toggle("lab-old", isOld)
      if (isOld) this.old.add(element)
    }
  }

  // Whether all that is written is still on the page.
  stands() {
    return [...this.texts.values()].flat().every(({ isConnected }) => isConnected)
  }

  // The server writes a power of ten in parts of a formula, and knows only of those that it changes.
  leave() {
    this.grey(this.old, false)
    for (const part of this.folded) part.style.display = ""
    this.listing?.copy.remove()
    this.listing?.element.style.removeProperty("display")
    for (const part of this.formula.flat())
      if (/[⁰¹²³⁴-⁹]/.test(part.textContent) && part.textContent === this.wrote.get(part)) this.undo(part)
  }

  // `shown` is what each of the `panels` shows; its `found` is null where what is drawn waits.
  write({ name, value, seed, values, panels, shown }) {
    const { words, linear, family } = this.live
    const [{ law, n, shape, found, expected }] = shown
    const waits = shown.some((one, at) => !one.found && panels[at].known !== false)
    this.put("n", count(n))
    this.put("seed", String(seed))
    if (words.seeded) this.put("seeded", filled(words.seeded, { seed }))
    if (shown.every(({ found }) => found?.few)) this.put("printed", shown.map(one => printed(one.found.few, one.shape[1])).join("\n"))
    if (linear) this.put("layer", filled(words.layer, { fan_in: count(shape[1]), fan_out: count(shape[0]) }))
    this.put("here", " · " + (waits ? words.waits : words.here))
    this.writeFormula(name, value, law)
    const finding = this.finding(panels, shown, values)
    if (finding) this.put("finding", finding)
    this.grey(this.texts.get("finding") ?? [], !finding)
    this.written.clear()
    if (found) {
      for (const key of ["mean", "std", "minimum", "maximum"]) this.put(key, quantity(found[key], law.std))
      this.put("outside", count(found.outside[0]))
      if (this.live.errors?.mean && found.std > 0) this.off(law, n, found)
    }
    for (const key of ["mean", "std"]) this.put(`${key}_law`, quantity(law[key], law.std))
    if (family === "normal") this.put("outside_law", expected)
    if (family === "uniform") {
      this.put("minimum_law", "≥ " + quantity(Math.fround(law.low), law.std))
      this.put("maximum_law", "≤ " + quantity(Math.fround(law.high), law.std))
    }
    const said = family === "other" ? [...OF_WEIGHTS, ...OF_LAW] : OF_WEIGHTS
    for (const key of said) this.grey(this.texts.get(key) ?? [], !this.written.has(key))
  }

  // How many standard errors what was drawn is off what the law expects.
  off(law, n, { mean, std, excess_kurtosis, outside }) {
    const { errors, outside: beyond } = this.live
    this.put("excess_kurtosis", quantity(Math.abs(excess_kurtosis) > 1e-9 ? excess_kurtosis : 0, 1))
    const off = { mean: (mean - law.mean) / law.std, std: std / law.std - 1, excess_kurtosis: excess_kurtosis - errors.of_law }
    for (const key of Object.keys(off)) this.signed(key, n < errors.least[key] ? NaN : off[key] * Math.sqrt(n) / errors[key])
    const missing = n * beyond
    this.signed("outside", (outside[0] - missing) / Math.sqrt(missing * (1 - beyond)))
  }

  signed(key, errors) {
    this.put(`${key}_off`, Number.isFinite(errors) ? (errors > 0 ? "+" : "") + quantity(errors, 0, 3) : "")
    for (const element of this.texts.get(`${key}_off`) ?? []) element.closest("td").classList.toggle("bad", Math.abs(errors) > FAR_OFF)
  }

  writeFormula(name, value, law) {
    for (const [at, key] of (this.live.formula ?? []).entries()) {
      const text = {
        "=": inFormula(this.live.comes_to * law.times, 4), // what it comes to
        [name]: inFormula(value),
        [`=${name}`]: inFormula(value),
        [`=1+${name}²`]: inFormula(1 + value * value, 4),
      }[key]
      if (this.formula[at] && text) this.number(this.formula[at], text)
    }
  }

  // The finding of now; null where nothing can be said until torch has drawn.
  finding(panels, shown, values) {
    const { spread, slope, step } = this.live.words
    const laws = shown.map(({ law }) => law)
    if (spread) return ofSpread(spread, panels, laws)
    if (slope) return ofSlope(slope, laws, values)
    const [{ law, n, found, expected }] = shown
    const { finding, rounded, interval: between } = wordsOf(this.live, law)
    if (step) return ofStep(step, found)
    if (!finding || !found) return null
    const [, exact] = interval(law.low ?? 0, law.high ?? 0)
    const [low, high] = interval(Math.fround(law.low ?? 0), Math.fround(law.high ?? 0))
    const ofWall = rounded && high !== exact ? rounded : finding
    const template = law.low !== null && law.low !== -law.high ? between : ofWall
    return filled(template, { outside: count(found.outside[0]), n: count(n), expected, low, high, exact })
  }

  put(key, text) {
    this.written.add(key)
    for (const element of this.texts.get(key) ?? []) this.into(element, text)
  }

  number(parts, text) {
    const [first, ...others] = parts
    const signed = first.textContent === "−" || first.textContent === "" // of its own
    if (signed && others.length) {
      this.into(first, text.startsWith("−") ? "−" : "")
      return this.number(others, text.replace("−", ""))
    }
    this.into(first, text)
    for (const part of others) {
      part.style.display = "none"
      this.folded.add(part)
    }
  }

  into(element, text) {
    if (!this.before.has(element)) this.before.set(element, element.innerHTML)
    this.wrote.set(element, text)
    if (isText(element)) element.firstChild.nodeValue = text // the very node that React knows
    else element.textContent = text
  }

  // The hand came back to where it was: the server has nothing new to say. What it has written since stays.
  back() {
    for (const element of this.before.keys()) if (element.textContent === this.wrote.get(element)) this.undo(element)
  }

  undo(element) {
    const said = document.createElement("template")
    said.innerHTML = this.before.get(element)
    if (isText(element) && isText(said.content)) element.firstChild.nodeValue = said.content.textContent
    else element.innerHTML = this.before.get(element)
  }
}

// How far the stds lie apart.
function ofSpread(words, panels, laws) {
  if (panels.some(({ known }, at) => !known && laws[at].std > 0)) return null
  const all = panels.map(({ brief }, at) => ({ brief, std: laws[at].std })).filter(({ std }) => std > 0)
  const [low, high] = [all.reduce((a, b) => b.std < a.std ? b : a), all.reduce((a, b) => b.std > a.std ? b : a)]
  const ratio = high.std / low.std
  const near = ratio - 1 > 1e-9 && ratio - 1 < 0.1
  const [least, most] = [low, high].map(({ std }) => quantity(std, near ? std * (ratio - 1) : std, 4, true))
  const numbers = { ratio: apart(ratio, 1), low: least, high: most, narrow: low.brief, wide: high.brief }
  const equal = panels.length === all.length ? words.equal : words.equal_some
  const kind = panels.length === 1 ? words.one : all.length === 1 ? words.alone : ratio < 1 + 1e-9 ? equal : words.finding
  return filled(kind, numbers)
}

// Where the wall stands at a slope, beside another wall.
function ofSlope(words, [law, own], values) {
  const [bound, other, ratio] = [law.high, own.high, law.high / own.high].map(x => quantity(x, x, 4, true))
  return filled(ratio === "1" ? words.arrived : words.headline, { ...values, bound, own: other, ratio })
}

// What stands above a step's few weights.
function ofStep(words, { mean, minimum, maximum }) {
  const largest = Math.max(-minimum, maximum)
  return filled(words, { mean: quantity(mean, 1, 3), largest: quantity(largest, largest, 3) })
}

const isText = parent => parent.childNodes.length === 1 && parent.firstChild.nodeType === Node.TEXT_NODE
