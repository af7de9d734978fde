export async function openState(_file: string, _options: { readonly mustExist: boolean }): Promise<any> {
  throw new Error('soon')
}
