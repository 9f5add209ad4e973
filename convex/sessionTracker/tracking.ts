/**
 * Jobs of version 0.1 that an upgrade finds waiting, under the name that they were scheduled by: to erase
 * the last actions of somebody who was forgotten.
 */
export { actions as eraseActions } from "./visitors/forget.js";
