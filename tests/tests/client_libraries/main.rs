//! Clients of models beside this library: what their types serialise to, what they stream, a whole agent of each, and
//! rig's attribute for tools. They are behind the feature `client-libraries`, since they take long to build.

mod agents;
mod answers;
mod rig_tool;
mod streams;
