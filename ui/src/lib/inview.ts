// Tells what is on the screen, or nearly so: what nobody sees is not drawn.

/** What comes into view with the next turn of a wheel is ready by then. */
const NEAR = "300px 0px";

const heard = new WeakMap<Element, (inView: boolean) => void>();
let observer: IntersectionObserver | null = null;

/** One observer for all: a hundred of them would be asked one by one with every frame. Gives the way to end it. */
export function watchView(element: Element, hear: (inView: boolean) => void): () => void {
  observer ??= new IntersectionObserver((entries) => entries.forEach((entry) => heard.get(entry.target)?.(entry.isIntersecting)), { rootMargin: NEAR });
  heard.set(element, hear);
  observer.observe(element);
  const used = observer;
  return () => {
    heard.delete(element);
    used.unobserve(element);
  };
}
