import type {
  ExpressionOrValue,
  FilterBuilder,
  GenericDatabaseReader,
  GenericDataModel,
  GenericTableInfo,
  OrderedQuery,
} from "convex/server";
import type { NumericValue, Value } from "convex/values";
import type { Filter, Operand, Query, RangeStep } from "./programs/program.js";

type Resolve = (operand: Operand) => Value | undefined;
type Builder = FilterBuilder<GenericTableInfo>;

/** A range builder without the types of an index that is only known at run time. */
type Bounds = Record<
  RangeStep[0],
  (field: string, value: Value | undefined) => Bounds
>;

/** The query that an app would write for the description. */
export function toQuery(
  db: GenericDatabaseReader<GenericDataModel>,
  { table, index, range, order, filters }: Query,
  resolve: Resolve,
): OrderedQuery<GenericTableInfo> {
  const start = db.query(table);
  const ranged =
    index === undefined
      ? start
      : start.withIndex(index, (q) => {
          const bounds = range.reduce<Bounds>(
            (builder, [op, field, value]) => builder[op](field, resolve(value)),
            q as unknown as Bounds,
          );
          return bounds as unknown as typeof q;
        });
  const ordered: OrderedQuery<GenericTableInfo> =
    order === undefined ? ranged : ranged.order(order);
  return filters.reduce(
    (query, filter) => query.filter((q) => toExpression(q, filter, resolve)),
    ordered,
  );
}

function toExpression(
  q: Builder,
  filter: Filter,
  resolve: Resolve,
): ExpressionOrValue<boolean> {
  switch (filter.op) {
    case "eq":
    case "neq":
      return q[filter.op](q.field(filter.field), resolve(filter.value));
    case "lt":
    case "lte":
    case "gt":
    case "gte": {
      const field = q.field(filter.field) as ExpressionOrValue<NumericValue>;
      const { first, value } = filter;
      const left =
        first === undefined
          ? field
          : q[first.op](field, first.by as NumericValue);
      return q[filter.op](left, value);
    }
    case "and":
    case "or":
      return q[filter.op](
        ...filter.parts.map((part) => toExpression(q, part, resolve)),
      );
    case "not":
      return q.not(toExpression(q, filter.part, resolve));
    default:
      return filter satisfies never;
  }
}
