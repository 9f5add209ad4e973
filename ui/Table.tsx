import { useState, type ReactNode } from "react";

export interface Column<Row> {
  title: string;
  /** Whether the column holds numbers, which are aligned to the right. */
  isNumber?: boolean;
  cell: (row: Row) => ReactNode;
}

export interface TableProps<Row> {
  /** Text that is read out to those who do not see the table. */
  label: string;
  columns: readonly Column<Row>[];
  /** The rows; `undefined` while they load. */
  rows: readonly Row[] | undefined;
  keyOf: (row: Row) => string;
  /** Text in place of rows where there are none. */
  empty: string;
  /** Rows shown at first; the others come by a button below. @default all */
  newest?: number;
}

/** Rows under titles; scrolls sideways where the page is narrow. */
export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, empty, newest = Infinity } = props;
  const [isWhole, setIsWhole] = useState(false);
  if (rows === undefined) return <p className="muted">Loading …</p>;
  if (rows.length === 0) return <p className="muted">{empty}</p>;
  const shown = isWhole ? rows : rows.slice(0, newest);
  return (
    <>
      {/* The table can be scrolled with the keyboard as well. */}
      <div className="table" role="group" aria-label={label} tabIndex={0}>
        <table aria-label={label}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.title}
                  scope="col"
                  className={alignment(column)}
                >
                  {column.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={keyOf(row)}>
                {columns.map((column) => (
                  <td
                    key={column.title}
                    className={alignment(column)}
                    // The title is for a stylesheet that shows rows as blocks, without the head.
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
      {rows.length > newest && (
        <button
          type="button"
          className="button more"
          aria-expanded={isWhole}
          onClick={() => setIsWhole(!isWhole)}
        >
          {isWhole ? `Show the first ${newest}` : `Show all ${rows.length}`}
        </button>
      )}
    </>
  );
}

function alignment({ isNumber }: { isNumber?: boolean }): string | undefined {
  return isNumber ? "number" : undefined;
}
