// SPDX-License-Identifier: BSD-3-Clause
#include "health/tcp_connect.h"

namespace lbd::health {

using boost::system::error_code;

void TcpConnect::begin() {
    const boost::asio::ip::tcp::endpoint target(probe().address, probe().port);
    error_code error;
    socket_.open(target.protocol(), error);
    if (!error)
        error = error_code(bind_to_interface(socket_.native_handle()),
                           boost::system::system_category());
    if (error) return finish_later(error);
    socket_.async_connect(target, [this, alive = life()](const error_code& result) {
        if (result == boost::asio::error::operation_aborted || alive.expired()) return;
        if (result)
            finish(result);
        else
            finish(Result::Kind::success, "connected");
    });
}

void TcpConnect::end() {
    error_code ignored;
    socket_.close(ignored);
}

} // namespace lbd::health
