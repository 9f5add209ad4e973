import type { ReactNode } from "react";

export interface ButtonProps {
  onClick: () => void;
  isPrimary?: boolean;
  isDisabled?: boolean;
  children: ReactNode;
}

export function Button(props: ButtonProps) {
  const { onClick, isPrimary = false, isDisabled = false, children } = props;
  return (
    <button
      type="button"
      className={isPrimary ? "button primary" : "button"}
      disabled={isDisabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

export interface ChoiceProps<Value extends string> {
  label: string;
  values: readonly Value[];
  value: Value;
  onChange: (value: Value) => void;
}

/** A choice of one of a few values. */
export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  const { label, values, value, onChange } = props;
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      {values.map((each) => (
        <label key={each}>
          <input
            type="radio"
            name={label}
            checked={each === value}
            onChange={() => onChange(each)}
          />
          {each}
        </label>
      ))}
    </fieldset>
  );
}
