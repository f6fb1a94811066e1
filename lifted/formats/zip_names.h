// Internal: names of zip entries, which archives write in more than one way.
#pragma once

#include <string>
#include <string_view>

namespace lifted::formats::detail {

/// Whether text is well-formed UTF-8.
bool is_utf8(std::string_view text);

/// The name in UTF-8. `translation` is the content of Info-ZIP's Unicode path field (id 0x7075), empty if there is
/// none; it is used if it belongs to this name. What is no UTF-8 otherwise is CP437, as the format says.
std::string zip_entry_name(std::string_view raw, std::string_view translation);

}  // namespace lifted::formats::detail
