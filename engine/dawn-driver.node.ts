/** Makes an installed software driver visible to Dawn; does nothing where there is none. */
export function useInstalledDriver(): void {}
