// The page that stands in for one that nobody has looked at for long; it goes back as soon as it is seen.
const back = new URL(decodeURIComponent(location.hash.slice(1)) || ".", location.href)
const wake = () => { if (!document.hidden && back.origin === location.origin) location.replace(back) }
if (back.origin === location.origin) for (const link of document.querySelectorAll("a")) link.href = back
document.addEventListener("visibilitychange", wake)
