// Svelte action: calls back once when the element comes near the view.
export function whenVisible(element: HTMLElement, seen: () => void): { destroy(): void } {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      seen();
    },
    { rootMargin: "200px" },
  );
  observer.observe(element);
  return { destroy: () => observer.disconnect() };
}
