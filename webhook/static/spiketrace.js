// What the page can do better with a script; without it everything is still there to be read.
"use strict";

// Older browsers scroll to a fragment inside closed <details> without opening it.
function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  const exhibit = target && target.closest("details");
  if (exhibit && !exhibit.open) {
    exhibit.open = true;
    target.scrollIntoView();
  }
}

async function copyQuery(event) {
  const button = event.currentTarget;
  await navigator.clipboard.writeText(button.closest(".query").querySelector("pre").textContent);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

window.addEventListener("hashchange", openTarget);
openTarget();

// The clipboard is there in secure contexts only.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", copyQuery);
  }
}
