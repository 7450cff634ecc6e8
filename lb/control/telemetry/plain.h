// SPDX-License-Identifier: BSD-3-Clause
// Documents of lbctl as DPDK's telemetry can tell them.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <functional>
#include <string_view>

namespace lbd::control::telemetry {

// Whole numbers, short strings of ASCII, and objects of these. Lists and what is null are left out.
boost::json::object plain(const boost::json::object& document);

// A list as an object by number, under `key` of `head`: the items from number `from` on of `total`
// that fit into a reply, with `truncated` and the number to go on with.
boost::json::object page(boost::json::object head, std::string_view key, std::size_t total,
                         std::size_t from,
                         const std::function<boost::json::object(std::size_t number)>& item);

} // namespace lbd::control::telemetry
