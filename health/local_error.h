// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

namespace lbd::health {

// Trouble of this host, from which nothing follows for the backend.
inline bool is_local(const boost::system::error_code& error) {
    namespace asio = boost::asio;
    return error == asio::error::no_descriptors || error == asio::error::no_memory ||
           error == asio::error::no_buffer_space ||
           error == boost::system::errc::too_many_files_open_in_system ||
           error == boost::system::errc::address_not_available ||
           error == boost::system::errc::no_such_device ||
           error == boost::system::errc::network_down;
}

} // namespace lbd::health
