// Where the focus goes after a step to another screen: to its heading, so that reading begins at the beginning.

/** How long a screen may take to show its heading; later than that, somebody has gone on by himself. */
const PATIENCE_MS = 4_000;

function take(main: HTMLElement): boolean {
  const heading = main.querySelector<HTMLElement>("h1");
  if (heading === null) return false;
  if (!heading.hasAttribute("tabindex")) heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  return true;
}

/** Focuses the heading of `main` now or as soon as it is there; call what comes back when another step is made. */
export function focusHeading(main: HTMLElement): () => void {
  if (take(main)) return () => {};
  main.focus({ preventScroll: true });
  const observer = new MutationObserver(() => {
    // Somebody went into a field meanwhile: he must not be pulled out of it.
    const free = document.activeElement === main || document.activeElement === document.body;
    if (!free || take(main)) stop();
  });
  const timer = setTimeout(() => stop(), PATIENCE_MS);
  function stop(): void {
    observer.disconnect();
    clearTimeout(timer);
  }
  observer.observe(main, { childList: true, subtree: true });
  return stop;
}
