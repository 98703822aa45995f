setInterval(async () => {
  const { ask, state } = document.body.dataset;
  if (document.hidden) return;
  try {
    const answer = await fetch(ask, { cache: "no-store" });
    if (answer.ok && (await answer.text()) !== state) document.getElementById("news").hidden = false;
  } catch {}
}, 3000);
