// What kind of value a tag has, for fields and buttons.
import type { Tag } from "./api";

export function isNumeric(tag: Pick<Tag, "type" | "value">): boolean {
  return /^[iuf]\d/.test(tag.type) || (typeof tag.value === "number" && tag.type !== "bool");
}

export function isSwitch(tag: Pick<Tag, "type" | "value">): boolean {
  return tag.type === "bool" || typeof tag.value === "boolean";
}
