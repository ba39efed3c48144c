// The map of a model by keys: one tile is in the tab order, arrows go to those beside, above and below it.

let known = false
let held = false // whether a tile had the focus when the map was drawn anew
let tapped = "" // the tile that was opened on a phone, where what it holds lies below the map
const NARROW = 640

const map = () => document.querySelector("[data-lab-map]")
const tiles = () => [...(map()?.querySelectorAll("a") ?? [])]
const middle = tile => {
  const box = tile.getBoundingClientRect()
  return box.left + box.width / 2
}

// The tile of a row that stands nearest to where another one is.
function nearest(row, tile) {
  const at = middle(tile)
  const off = other => Math.abs(middle(other) - at)
  return [...row.querySelectorAll("a")].sort((a, b) => off(a) - off(b))[0]
}

function next(tile, key) {
  const all = tiles(), at = all.indexOf(tile), row = tile.closest(".lab-band")
  if (key === "ArrowRight") return all[at + 1]
  if (key === "ArrowLeft") return all[at - 1]
  if (key === "Home") return all[0]
  if (key === "End") return all.at(-1)
  const other = key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling
  return other?.matches(".lab-band") ? nearest(other, tile) : null
}

function pressed(event) {
  const tile = event.target.closest?.("[data-lab-map] a")
  if (!tile || !/^(Arrow|Home$|End$)/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  event.stopPropagation() // or they would go through a lecture
  const to = next(tile, event.key)
  if (!to) return
  only(to)
  to.focus()
}

function only(chosen) {
  for (const tile of tiles()) tile.tabIndex = tile === chosen ? 0 : -1
}

// What a tile holds comes into sight where it would be below it.
function scrolled() {
  const name = document.querySelector(".st-key-told_of .lab-tensor-name")
  const text = name?.querySelector("b")?.textContent
  if (!tapped || !text || !tapped.startsWith(text) || !/^[:：]/.test(tapped.slice(text.length))) return
  if (document.querySelector(".stApp").dataset.testScriptState === "running") { // Streamlit goes to the top meanwhile
    setTimeout(scrolled, 100)
    return
  }
  tapped = ""
  name.scrollIntoView()
}

// The focus goes with the map that takes the place of the one that had it.
export function attach() {
  scrolled()
  const all = tiles()
  if (!all.length || all.some(tile => tile.tabIndex === 0) && all.some(tile => tile.tabIndex < 0)) return
  const here = all.find(tile => tile.ariaCurrent) ?? all.find(tile => tile.textContent) ?? all[0]
  only(here)
  if (held && document.activeElement === document.body) here.focus({ preventScroll: innerWidth <= NARROW })
}

export function follow(live) {
  if (!live) return
  attach()
  if (known) return
  known = true
  window.addEventListener("keydown", pressed, true) // before what the document hears
  document.addEventListener("click", event => {
    const tile = event.target.closest?.("[data-lab-map] a")
    if (tile && innerWidth <= NARROW) tapped = tile.title
  }, true)
  document.addEventListener("focusin", event => { held = Boolean(event.target.closest?.("[data-lab-map] a")) })
}
