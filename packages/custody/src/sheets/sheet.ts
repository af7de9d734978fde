/** A sheet of paper: what it says, in whatever form it is printed. */

export interface Sheet {
  readonly title: string
  /** Names and values. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** What is to be typed in again, each part with its heading. */
  readonly parts: readonly SheetPart[]
  /** The same for a camera. */
  readonly qrCode: string
  /** What whoever finds the sheet should know. */
  readonly notes: readonly string[]
}

export interface SheetPart {
  readonly heading: string
  readonly rows: readonly string[]
}
