/**
 * The name under which version 0.1 scheduled its jobs. A job that an upgrade finds waiting erases the last
 * actions of a visitor who was forgotten.
 */
export { actions as eraseActions } from "./visitors/forget.js";
