// What the keyboard comes to, and what that is called: Streamlit's own parts have English names, or none, and
// some are stops where there is nothing to do.

import { filled } from "./numbers.js"

let names = {}
const first = new WeakMap() // text → what Streamlit has written there

const scrolls = e => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight

function named(selector, name) {
  for (const part of document.querySelectorAll(selector))
    if (part.ariaLabel !== name) part.ariaLabel = name
}

// Writes into an element's text what `words` make of Streamlit's own, which may stand there in pieces.
function said(element, words) {
  if (!element?.firstChild) return
  if (!first.has(element.firstChild)) first.set(element.firstChild, element.textContent)
  const wanted = words(first.get(element.firstChild))
  for (const [at, piece] of [...element.childNodes].entries()) {
    const text = at ? "" : wanted
    if (piece.data !== text) piece.data = text
  }
}

export function attach() {
  for (const pre of document.querySelectorAll("[data-testid=stCode] pre")) { // which keys scroll, and the way to its button
    pre.closest("[data-testid=stCode]").removeAttribute("tabindex")
    pre.tabIndex = 0
    pre.role = "group"
  }
  named("[data-testid=stCode] pre", names.listing)
  named("[data-testid=stCode] button", names.copy)
  const main = document.querySelector("[data-testid=stMain]")
  if (main) main.tabIndex = scrolls(main) ? 0 : -1 // where the way past the menu leads
  named("[data-testid=stMain]", document.title)
  named("[data-testid=stSidebar]", names.drawer)
  named("[data-testid=stSidebarCollapseButton] button", names.fold)
  named("[data-testid=stExpandSidebarButton]", names.unfold)
  said(document.querySelector("[data-testid=stSkipToContent]"), () => names.skip)
  for (const zone of document.querySelectorAll("[data-testid=stFileUploaderDropzone]")) {
    said(zone.querySelector("button p"), () => names.upload)
    const limits = zone.querySelector("[data-testid=stFileUploaderDropzoneInstructions] span")
    said(limits, own => own.replace(/^(\S+) per file • (.*)$/, (_, size, kinds) => filled(names.per_file, { size, kinds })))
  }
}

// On a phone the drawer lies over the page, and would over the next, or over what comes of what is done in it.
const NARROW = 768
export function fold() {
  const drawer = document.querySelector("[data-testid=stSidebar][data-collapsed=false]")
  if (innerWidth <= NARROW) drawer?.querySelector("[data-testid=stSidebarCollapseButton] button")?.click()
}

let path = location.pathname
function folded() {
  if (path === location.pathname) return
  path = location.pathname
  document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0) // where the last one was read says nothing here
  fold()
}

export function follow(told) {
  names = told
  folded()
  requestAnimationFrame(attach) // what it measures is laid out then anyway, and in the midst of a change once more
}

addEventListener("resize", attach)
