// Pointer, wheel and touch on a trend. What they mean for the window is the caller's.
import type { Rect } from "./plotlayout";
import { panned, type Window, zoomed } from "./timewindow";
import type { Drag } from "./trend.svelte";

export interface Target {
  window(): Window;
  plot(): Rect;
  drag(): Drag;
  slide(window: Window): void;
  select(from: number, to: number): void;
  /** A box in pixels of the element. */
  box(box: Rect): void;
  /** Values around a height, in pixels of the element; `x` tells which axis when it is beside the plot. */
  zoomValues(x: number, y: number, factor: number): void;
  preview(selection: Rect | null): void;
  hover(t: number | null): void;
  back(): void;
}

const WHEEL_STEP = 1.0015;
/** Less is a click. */
const DRAG_PX = 5;

type Way = "select" | "box" | "pan";

interface Pull {
  way: Way;
  fromX: number;
  fromY: number;
  x: number;
  y: number;
}

/** Returns what removes the listeners again. */
export function gestures(element: HTMLElement, target: Target): () => void {
  const fingers = new Map<number, { x: number; y: number }>();
  let pull: Pull | null = null;

  const place = (event: { clientX: number; clientY: number }) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const timeAt = (x: number): number => {
    const { start, end } = target.window();
    const { left, width } = target.plot();
    return start + (Math.min(width, Math.max(0, x - left)) / width) * (end - start);
  };
  const perPixel = (): number => {
    const { start, end } = target.window();
    return (end - start) / target.plot().width;
  };
  const inside = ({ x, y }: { x: number; y: number }): boolean => {
    const { left, top, width, height } = target.plot();
    return x >= left && x <= left + width && y >= top && y <= top + height + 400;
  };

  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const { x, y } = place(event);
    const factor = WHEEL_STEP ** event.deltaY;
    if (event.altKey || !inside({ x, y })) return target.zoomValues(x, y, factor);
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      target.slide(panned(target.window(), sideways * perPixel()));
    } else {
      target.slide(zoomed(target.window(), timeAt(x), factor));
    }
  };

  const wayOf = (event: PointerEvent): Way => {
    const drag = target.drag();
    if (event.shiftKey || event.button === 1 || drag === "pan") return "pan";
    if (event.altKey || drag === "box") return "box";
    return event.pointerType === "touch" ? "pan" : "select";
  };
  const selected = (): Rect => {
    const { way, fromX, fromY, x, y } = pull!;
    const plot = target.plot();
    const within = (value: number, from: number, size: number) => Math.min(from + size, Math.max(from, value));
    const left = within(Math.min(fromX, x), plot.left, plot.width);
    const right = within(Math.max(fromX, x), plot.left, plot.width);
    if (way === "select") return { left, width: right - left, top: plot.top, height: plot.height };
    const top = within(Math.min(fromY, y), plot.top, plot.height);
    return { left, width: right - left, top, height: within(Math.max(fromY, y), plot.top, plot.height) - top };
  };

  const down = (event: PointerEvent): void => {
    const at = place(event);
    if (event.button > 1 || !inside(at) || event.target !== element) return;
    if (event.pointerType === "touch") {
      fingers.set(event.pointerId, at);
      target.hover(timeAt(at.x));
    } else event.preventDefault();
    element.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    if (fingers.size > 1) {
      pull = null;
      target.preview(null);
    } else pull = { way: wayOf(event), fromX: at.x, fromY: at.y, ...at };
  };

  const pinch = (event: PointerEvent, at: { x: number; y: number }): void => {
    const apart = () => {
      const [a, b] = [...fingers.values()];
      return Math.max(20, Math.abs(a!.x - b!.x));
    };
    const before = apart();
    fingers.set(event.pointerId, at);
    const [a, b] = [...fingers.values()];
    target.slide(zoomed(target.window(), timeAt((a!.x + b!.x) / 2), before / apart()));
  };

  const move = (event: PointerEvent): void => {
    const at = place(event);
    if (fingers.size > 1 && fingers.has(event.pointerId)) return pinch(event, at);
    if (pull === null) {
      if (event.pointerType !== "touch") target.hover(inside(at) ? timeAt(at.x) : null);
      return;
    }
    const moved = pull.x;
    Object.assign(pull, at);
    if (Math.hypot(at.x - pull.fromX, at.y - pull.fromY) < DRAG_PX) return;
    if (pull.way === "pan") {
      const by = (moved - at.x) * perPixel();
      if (by !== 0) target.slide(panned(target.window(), by));
      if (event.pointerType !== "touch") target.hover(timeAt(at.x));
    } else target.preview(selected());
  };

  const up = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (pull === null) return;
    const box = selected();
    const { way } = pull;
    pull = null;
    target.preview(null);
    if (event.type === "pointercancel" || way === "pan") return;
    const { left, width, height } = box;
    // What was under the pointer is elsewhere afterwards.
    if (width > DRAG_PX && event.pointerType !== "touch") target.hover(null);
    if (way === "box" && width > DRAG_PX && height > DRAG_PX) target.box(box);
    else if (width > DRAG_PX) target.select(timeAt(left), timeAt(left + width));
  };
  const leave = (event: PointerEvent): void => {
    if (pull === null && event.pointerType !== "touch") target.hover(null);
  };
  const twice = (event: MouseEvent): void => {
    if (inside(place(event)) && event.target === element) target.back();
  };

  const listeners: [string, (event: never) => void][] = [
    ["wheel", wheel],
    ["pointerdown", down],
    ["pointermove", move],
    ["pointerup", up],
    ["pointercancel", up],
    ["pointerleave", leave],
    ["dblclick", twice],
  ];
  for (const [name, listener] of listeners) element.addEventListener(name, listener as EventListener, name === "wheel" ? { passive: false } : undefined);
  return () => {
    for (const [name, listener] of listeners) element.removeEventListener(name, listener as EventListener);
  };
}
