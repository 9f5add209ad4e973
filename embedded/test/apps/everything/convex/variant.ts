/** Whether `schema.ts` has the indexes that a push has to fill. Tests write the other answer, and push both in turn. */
export const isIndexed: boolean = true;
