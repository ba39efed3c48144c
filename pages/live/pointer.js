// A pointer that has taken hold of an element: followed wherever it goes, until it lets go or is taken away.

const ENDS = ["pointerup", "pointercancel", "lostpointercapture"]
let holder = null

// Whether a pointer holds something: a second finger, or a key, takes hold of nothing beside it.
export const isHeld = () => Boolean(holder?.isConnected)

// `moved` is told of each place, and `ended` of the end, once.
export function dragged(event, element, moved, ended) {
  const { pointerId } = event
  const to = next => next.pointerId === pointerId && moved(next)
  const end = last => {
    if (last.pointerId !== pointerId) return
    element.removeEventListener("pointermove", to)
    for (const kind of ENDS) element.removeEventListener(kind, end)
    holder = null
    ended()
  }
  holder = element
  element.setPointerCapture(pointerId)
  element.addEventListener("pointermove", to)
  for (const kind of ENDS) element.addEventListener(kind, end)
}
