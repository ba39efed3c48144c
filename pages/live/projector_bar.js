// The projector's bar: menu and views, which come with a pointer at the top of the screen and go again, since
// they lie over the headline. The style sheet shows them to the keyboard's focus too.

const STAYS = 4000 // milliseconds after the last movement there
const TOP = 64 // pixels
const BAR = ".st-key-nav,[data-testid=stTabs] [role=tablist]"
const shown = document.documentElement.dataset
let leaving = 0

function came(event) {
  if (event.clientY > TOP && !(shown.labBar && event.target.closest?.(BAR))) return
  shown.labBar = "shown"
  clearTimeout(leaving)
  leaving = setTimeout(() => { delete shown.labBar }, STAYS)
}

addEventListener("pointermove", came)
addEventListener("pointerdown", came)
