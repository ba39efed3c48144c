// Runs before the page's first paint, while Streamlit's own code is still to come: which ground the page will
// have, if the link or this browser says so. Else its system does, by the style beside this script.
{
  const asked = new Set()
  for (const [name, value] of new URLSearchParams(location.search))
    if (name.toLowerCase() === "embed_options") asked.add(value.toLowerCase())
  let kept = ""
  try { // which a browser may refuse
    const key = Object.keys(localStorage).find(one => one.startsWith(`stActiveTheme-${location.pathname}-v`))
    kept = JSON.parse(localStorage.getItem(key)) ?? ""
  } catch {}
  const theme = asked.has("light_theme") ? "light" : asked.has("dark_theme") ? "dark" : String(kept).toLowerCase()
  document.documentElement.dataset.ground = theme
}
