(() => {
  "use strict";
  const form = document.querySelector(".filters");
  const shown = document.querySelector(".shown");
  const claims = [...document.querySelectorAll(".claim")].map((element) => ({
    element,
    text: element.textContent.toLowerCase(),
  }));
  const field = document.createElement("fieldset");
  field.className = "search";
  field.innerHTML = '<legend><label for="search">Text</label></legend>' +
    '<input type="search" id="search" autocomplete="off" spellcheck="false">';
  form.append(field);
  const input = field.querySelector("input");
  const update = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { element, text } of claims) {
      element.classList.toggle("unmatched", !words.every((word) => text.includes(word)));
    }
    for (const chapter of document.querySelectorAll(".chapter")) {
      chapter.classList.toggle("unmatched", !chapter.querySelector(".claim:not(.unmatched)"));
    }
    const visible = claims.filter(({ element }) => element.getClientRects().length > 0).length;
    shown.classList.add("told");
    shown.textContent = `Claims shown: ${visible} of ${claims.length}`;
  };
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  update();
})();
