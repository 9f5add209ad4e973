import type { ReactNode } from "react";

export interface Column<Row> {
  title: string;
  /** Aligned to the right. */
  isNumber?: boolean;
  cell: (row: Row) => ReactNode;
}

export interface TableProps<Row> {
  /** Read out to those who do not see the table. */
  label: string;
  columns: readonly Column<Row>[];
  /** `undefined` while they load. */
  rows: readonly Row[] | undefined;
  keyOf: (row: Row) => string;
  /** Shown in place of rows where there are none. */
  empty: string;
}

/** Rows under titles; scrolls sideways where the page is narrow. */
export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, empty } = props;
  if (rows === undefined) return <p className="muted">Loading …</p>;
  if (rows.length === 0) return <p className="muted">{empty}</p>;
  return (
    <div className="table">
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" className={alignment(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <td
                  key={column.title}
                  className={alignment(column)}
                  // For a stylesheet that shows rows as blocks, without the head.
                  data-title={column.title}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function alignment({ isNumber }: { isNumber?: boolean }): string | undefined {
  return isNumber ? "number" : undefined;
}
