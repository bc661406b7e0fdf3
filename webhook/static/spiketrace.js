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

// A question: its times are of the reader's clock, and what is done for it is told as it happens.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const field of document.querySelectorAll("input[name=timezone]")) {
  if (zone && field.value === "UTC") {
    field.value = zone;
  }
}

const progress = document.querySelector("[data-events]");
if (progress) {
  const events = new EventSource(progress.dataset.events);
  const add = (event) => {
    const step = document.createElement("li");
    step.textContent = JSON.parse(event.data).text;
    progress.append(step);
  };
  // Each connection tells everything from the beginning.
  events.addEventListener("open", () => { progress.textContent = ""; });
  events.addEventListener("understood", add);
  events.addEventListener("step", add);
  events.addEventListener("over", () => {
    events.close();
    location.reload();
  });
}

// Ctrl or ⌘ with Enter asks, as in many a field of more than one line.
for (const field of document.querySelectorAll(".ask textarea")) {
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      field.form.requestSubmit();
    }
  });
}
