// For browsers that know no modules: everything else here would do nothing, and say nothing.
document.getElementById("state").textContent = "Failed";
document.getElementById("cover-words").textContent =
  "This browser is too old to run the machine. Use a current Firefox, Chromium, Edge or Safari.";
