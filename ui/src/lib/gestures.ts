// Wheel, touch and shift-drag on a trend. Selecting a stretch with the mouse is uPlot's own.
import { panned, type Window, zoomed } from "./timewindow";

interface Target {
  window(): Window;
  slide(window: Window): void;
}

const WHEEL_STEP = 1.0015;

/** Returns what removes the listeners again. */
export function gestures(element: HTMLElement, target: Target): () => void {
  const timeAt = (clientX: number): number => {
    const box = element.getBoundingClientRect();
    const { start, end } = target.window();
    return start + ((clientX - box.left) / box.width) * (end - start);
  };
  const perPixel = (): number => {
    const { start, end } = target.window();
    return (end - start) / element.clientWidth;
  };

  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      target.slide(panned(target.window(), sideways * perPixel()));
    } else {
      target.slide(zoomed(target.window(), timeAt(event.clientX), WHEEL_STEP ** event.deltaY));
    }
  };

  const fingers = new Map<number, number>();
  const spread = (): number => {
    const [a = 0, b = 0] = [...fingers.values()];
    return Math.max(20, Math.abs(a - b));
  };
  const isPan = (event: PointerEvent): boolean => event.pointerType === "touch" || fingers.size > 0;

  const down = (event: PointerEvent): void => {
    const dragging = event.pointerType === "mouse" && (event.shiftKey || event.button === 1);
    if (event.pointerType !== "touch" && !dragging) return;
    event.preventDefault();
    fingers.set(event.pointerId, event.clientX);
    element.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent): void => {
    const before = fingers.get(event.pointerId);
    if (before === undefined || !isPan(event)) return;
    const wide = spread();
    fingers.set(event.pointerId, event.clientX);
    if (fingers.size === 1) {
      target.slide(panned(target.window(), (before - event.clientX) * perPixel()));
    } else {
      const [a = 0, b = 0] = [...fingers.values()];
      target.slide(zoomed(target.window(), timeAt((a + b) / 2), wide / spread()));
    }
  };
  const up = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
  };

  element.addEventListener("wheel", wheel, { passive: false });
  element.addEventListener("pointerdown", down);
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
  return () => {
    element.removeEventListener("wheel", wheel);
    element.removeEventListener("pointerdown", down);
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", up);
    element.removeEventListener("pointercancel", up);
  };
}
