// SPDX-License-Identifier: BSD-3-Clause
// `lbctl trace`: shows what lbd decides about a client's packets, as it does.
#pragma once

#include <boost/json/object.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <string>

namespace lbd::lbctl {

// --rate, --count and --seconds.
void add_trace_options(boost::program_options::options_description& options);
// Whether any of them is there.
bool has_trace_options(const boost::program_options::variables_map& values);

// Throws std::invalid_argument if a number is none that lbd would take.
boost::json::object trace_request(const std::string& client,
                                  const boost::program_options::variables_map& values);

// A line for people, of what lbd says is under `data`; empty if there is nothing to say on
// standard output.
std::string trace_text(const boost::json::object& data);

// Until lbd ends it, the user does by a signal, or nobody reads the output any more. Throws Refused
// and Unreachable.
void trace(const std::string& socket, const boost::json::object& request, bool as_json);

} // namespace lbd::lbctl
