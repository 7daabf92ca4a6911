/** Where a browser comes back to after a person has signed in elsewhere: the command line listens there. */
export const signInReturnPort = 18767;
export const signInReturnUrl = `http://localhost:${signInReturnPort}/signed-in`;
